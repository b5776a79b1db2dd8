#include "engine/data/folder_listing.h"

#include <dirent.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>
#include <system_error>

#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void reject(const fs::path& path, const std::string& message) {
  throw Error(ErrorKind::input, fmt::format("[folder] {}: {}", path.string(), message));
}

[[noreturn]] void fail(const fs::path& path, int code) {
  throw Error(ErrorKind::io, fmt::format("[folder] {}: cannot read the folder: {}: check the path and its permissions",
                                         path.string(), std::generic_category().message(code)));
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using OpenFolder = std::unique_ptr<DIR, CloseFolder>;

/// For millions of files: std::filesystem takes paths apart again and again.
OpenFolder open_folder(const fs::path& path) {
  OpenFolder folder(::opendir(path.c_str()));
  if (!folder) fail(path, errno);
  return folder;
}

/// Names in `folder` that are not hidden, in bytewise order.
std::vector<std::string> names_in(const fs::path& path, const OpenFolder& folder) {
  std::vector<std::string> names;
  const auto next = [&] {
    errno = 0;
    return ::readdir(folder.get());
  };
  while (const dirent* entry = next()) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  if (errno != 0) fail(path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

bool is_folder(const fs::path& path) {
  std::error_code failure;
  return fs::is_directory(path, failure);
}

std::vector<std::string> folders_in(const fs::path& folder) {
  std::vector<std::string> names = names_in(folder, open_folder(folder));
  std::erase_if(names, [&](const std::string& name) { return !is_folder(folder / name); });
  return names;
}

bool is_image_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string ending(name.substr(dot + 1));
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
  return ending == "png" || ending == "jpg" || ending == "jpeg";
}

std::string join_path(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

/// Collects the files of one split.
class Walk {
 public:
  Walk(const fs::path& root, Listing& listing) : root_(root), listing_(listing) {}

  /// Appends the images below `folder`; with `visited`, the folders seen, no ring of links is endless.
  void collect(const std::string& folder, std::int32_t label, std::vector<ListedFile>& files) {
    std::set<std::pair<dev_t, ino_t>> visited;
    const auto begin = std::ptrdiff_t(files.size());
    descend(folder, label, files, visited);
    std::sort(files.begin() + begin, files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  }

 private:
  void descend(const std::string& folder, std::int32_t label, std::vector<ListedFile>& files,
               std::set<std::pair<dev_t, ino_t>>& visited) {
    const fs::path full = root_ / folder;
    const OpenFolder open = open_folder(full);
    const int descriptor = ::dirfd(open.get());
    struct stat status = {};
    if (::fstat(descriptor, &status) != 0) fail(full, errno);
    if (!visited.emplace(status.st_dev, status.st_ino).second) return;
    for (const std::string& name : names_in(full, open)) {
      const std::string path = join_path(folder, name);
      const bool found = ::fstatat(descriptor, name.c_str(), &status, 0) == 0;
      const int failure = found ? 0 : errno;
      if (found && S_ISDIR(status.st_mode)) {
        descend(path, label, files, visited);
      } else if (!is_image_name(name)) {
        if (listing_.ignored++ == 0) listing_.ignored_example = path;
      } else {
        files.push_back({.path = path, .label = label});
        ListedFile& file = files.back();
        if (!found && failure == ENOENT) {
          file.problem = "a link to nothing: mend or remove it";
        } else if (!found) {
          file.problem = fmt::format("cannot be read ({}): check its permissions, or mend or remove it",
                                     std::generic_category().message(failure));
        } else if (!S_ISREG(status.st_mode)) {
          file.problem = "no file but a pipe or device: remove it";
        } else {
          file.size = static_cast<std::uint64_t>(status.st_size);
          file.modified = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
        }
      }
    }
  }

  const fs::path& root_;
  Listing& listing_;
};

void check_class_name(const fs::path& path, const std::string& name) {
  const bool control = std::any_of(name.begin(), name.end(), [](char c) { return (c >= 0 && c < 32) || c == 127; });
  if (control) reject(path / name, "a class name with control characters: rename the folder");
}

ListedSplit list_training(const fs::path& root, const std::string& split, Listing& listing) {
  ListedSplit train{.name = split, .files = {}};
  const fs::path folder = split.empty() ? root : root / split;
  listing.class_names = folders_in(folder);
  if (listing.class_names.empty()) {
    reject(folder, "no classes: put the images into a folder for each class, named as the class");
  }
  Walk walk(root, listing);
  for (std::size_t label = 0; label < listing.class_names.size(); ++label) {
    const std::string& name = listing.class_names[label];
    check_class_name(folder, name);
    const std::size_t before = train.files.size();
    const std::int64_t ignored_before = listing.ignored;
    walk.collect(join_path(split, name), static_cast<std::int32_t>(label), train.files);
    if (train.files.size() > before) continue;
    const std::int64_t others = listing.ignored - ignored_before;
    reject(folder / name, fmt::format("a class without images (.png, .jpg, .jpeg){}: add some or remove the folder",
                                      others > 0 ? fmt::format(", but with {} other files", others) : ""));
  }
  return train;
}

std::optional<ListedSplit> list_evaluation(const fs::path& root, const std::string& split, Listing& listing) {
  if (!is_folder(root / split)) return std::nullopt;
  ListedSplit listed{.name = split, .files = {}};
  const std::vector<std::string> names = folders_in(root / split);
  Walk walk(root, listing);
  for (const std::string& name : names) {
    const auto known = std::lower_bound(listing.class_names.begin(), listing.class_names.end(), name);
    if (known == listing.class_names.end() || *known != name) {
      reject(root / split, fmt::format("the class {} is not in train: classes {}, in train {}: they must be the same",
                                       name, join(names, ","), join(listing.class_names, ",")));
    }
    walk.collect(join_path(split, name), std::int32_t(known - listing.class_names.begin()), listed.files);
  }
  if (listed.files.empty()) reject(root / split, "holds no images: remove the folder, or add a folder for each class");
  return listed;
}

}  // namespace

Listing list_image_folder(const fs::path& root) {
  struct stat status = {};
  if (::stat(root.c_str(), &status) != 0) fail(root, errno);
  if (!S_ISDIR(status.st_mode)) reject(root, "this is not a folder: name the folder that holds the classes");
  Listing listing;
  if (is_folder(root / "train")) {
    listing.train = list_training(root, "train", listing);
    listing.validation = list_evaluation(root, "val", listing);
    listing.test = list_evaluation(root, "test", listing);
  } else {
    for (const char* split : {"val", "test"}) {
      if (is_folder(root / split)) {
        reject(root,
               fmt::format("has a folder {} but no train: add train/CLASS, or rename the class {}", split, split));
      }
    }
    listing.train = list_training(root, "", listing);
  }
  return listing;
}

bool has_folders(const fs::path& folder) { return !folders_in(folder).empty(); }

}  // namespace cucurbit
