#include "engine/data/folder_listing.h"

#include <dirent.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>
#include <numeric>
#include <set>
#include <system_error>

#include "engine/data/parallel.h"
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

/// opendir, because std::filesystem parses every path again, which is slow for millions of files.
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
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string ending(name.substr(dot + 1));
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
  return ending == "png" || ending == "jpg" || ending == "jpeg";
}

std::string join_path(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

/// The entry of the file `path`; `failure` is 0 and `status` was found, or it is the error number of stat.
ListedFile describe(const std::string& path, int32_t label, const struct stat& status, int failure) {
  ListedFile file{.path = path, .label = label, .problem = {}};
  if (failure == ENOENT) {
    file.problem = "a link to nothing: repair or remove it";
  } else if (failure != 0) {
    file.problem = fmt::format("cannot be read ({}): check its permissions, or repair or remove it",
                               std::generic_category().message(failure));
  } else if (!S_ISREG(status.st_mode)) {
    file.problem = "this is a pipe or device, not a file: remove it";
  } else {
    file.size = uint64_t(status.st_size);
    file.modified = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  }
  return file;
}

/// What lies below a folder.
struct Found {
  std::vector<ListedFile> files;
  IgnoredFiles ignored;
};

/// Adds the images below `folder`. `visited` holds the folders seen so far, so that links in a ring come to an end.
void descend(const fs::path& root, const std::string& folder, int32_t label, Found& found,
             std::set<std::pair<dev_t, ino_t>>& visited) {
  const fs::path full = root / folder;
  const OpenFolder open = open_folder(full);
  const int descriptor = ::dirfd(open.get());
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0) fail(full, errno);
  if (!visited.emplace(status.st_dev, status.st_ino).second) return;
  for (const std::string& name : names_in(full, open)) {
    const std::string path = join_path(folder, name);
    const int failure = ::fstatat(descriptor, name.c_str(), &status, 0) == 0 ? 0 : errno;
    if (failure == 0 && S_ISDIR(status.st_mode)) {
      descend(root, path, label, found, visited);
    } else if (!is_image_name(name)) {
      found.ignored.add({1, path});
    } else {
      found.files.push_back(describe(path, label, status, failure));
    }
  }
}

/// The images below `folder`, by path.
Found find_images(const fs::path& root, const std::string& folder, int32_t label) {
  Found found;
  std::set<std::pair<dev_t, ino_t>> visited;
  descend(root, folder, label, found, visited);
  std::sort(found.files.begin(), found.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return found;
}

/// Appends `found` to `files`.
void take(Found& found, std::vector<ListedFile>& files, IgnoredFiles& ignored) {
  std::move(found.files.begin(), found.files.end(), std::back_inserter(files));
  ignored.add(found.ignored);
}

/// The images of several classes, found on all cores, since most of the time is spent in system calls.
std::vector<Found> find_classes(const fs::path& root, const std::string& split, const std::vector<std::string>& names,
                                const std::vector<int32_t>& labels) {
  std::vector<Found> found(names.size());
  parallel_for(int64_t(names.size()), [&](int64_t i) {
    const auto at = size_t(i);
    found[at] = find_images(root, join_path(split, names[at]), labels[at]);
  });
  return found;
}

void check_class_name(const fs::path& path, const std::string& name) {
  const bool control = std::any_of(name.begin(), name.end(), [](char c) { return (c >= 0 && c < 32) || c == 127; });
  if (control) reject(path / name, "the class name has control characters: rename the folder");
}

ListedSplit list_training(const fs::path& root, const std::string& split, Listing& listing) {
  ListedSplit train{.name = split, .files = {}};
  const fs::path folder = split.empty() ? root : root / split;
  listing.class_names = folders_in(folder);
  if (listing.class_names.empty()) {
    reject(folder, "no classes found: expected one folder of images per class, named after the class");
  }
  std::vector<int32_t> labels(listing.class_names.size());
  std::iota(labels.begin(), labels.end(), 0);
  for (const std::string& name : listing.class_names) check_class_name(folder, name);
  std::vector<Found> found = find_classes(root, split, listing.class_names, labels);
  for (size_t label = 0; label < found.size(); ++label) {
    const int64_t others = found[label].ignored.count;
    if (found[label].files.empty()) {
      reject(folder / listing.class_names[label],
             fmt::format("this class has no images (.png, .jpg, .jpeg){}: add some or remove the folder",
                         others > 0 ? fmt::format(" but other files ({})", others) : ""));
    }
    take(found[label], train.files, listing.ignored);
  }
  return train;
}

std::optional<ListedSplit> list_evaluation(const fs::path& root, const std::string& split, Listing& listing) {
  if (!is_folder(root / split)) return std::nullopt;
  ListedSplit listed{.name = split, .files = {}};
  const std::vector<std::string> names = folders_in(root / split);
  std::vector<int32_t> labels;
  for (const std::string& name : names) {
    const auto known = std::lower_bound(listing.class_names.begin(), listing.class_names.end(), name);
    if (known == listing.class_names.end() || *known != name) {
      reject(root / split,
             fmt::format(
                 "the class {} is not in train: the classes here are {}, those in train are {}: they must be the same",
                 name, join(names, ","), join(listing.class_names, ",")));
    }
    labels.push_back(int32_t(known - listing.class_names.begin()));
  }
  for (Found& found : find_classes(root, split, names, labels)) take(found, listed.files, listing.ignored);
  if (listed.files.empty())
    reject(root / split, "no images found: add one folder of images per class, or remove this folder");
  return listed;
}

}  // namespace

Listing list_image_folder(const fs::path& root) {
  struct stat status = {};
  if (::stat(root.c_str(), &status) != 0) fail(root, errno);
  if (!S_ISDIR(status.st_mode)) reject(root, "this is not a folder: give the folder that holds the classes");
  Listing listing;
  if (is_folder(root / "train")) {
    listing.train = list_training(root, "train", listing);
    listing.validation = list_evaluation(root, "val", listing);
    listing.test = list_evaluation(root, "test", listing);
  } else {
    for (const char* split : {"val", "test"}) {
      if (is_folder(root / split)) {
        reject(root, fmt::format("there is a folder {} but no folder train: add train/CLASS, or rename the class {}",
                                 split, split));
      }
    }
    listing.train = list_training(root, "", listing);
  }
  return listing;
}

Listing list_images(const std::vector<fs::path>& paths) {
  Listing listing;
  std::vector<ListedFile>& files = listing.train.files;
  for (const fs::path& path : paths) {
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) {
      throw Error(ErrorKind::io, fmt::format("[data] {}: cannot be read: {}: check the path and its permissions",
                                             path.string(), std::generic_category().message(errno)));
    }
    if (!S_ISDIR(status.st_mode)) {
      files.push_back(describe(path.string(), 0, status, 0));
      continue;
    }
    std::string folder = path.string();
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    Found found = find_images("", folder, 0);
    if (found.files.empty()) reject(path, "no images (.png, .jpg, .jpeg) found: check the path");
    take(found, files, listing.ignored);
  }
  return listing;
}

bool is_image_file(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_regular_file(path, failure)) return false;
  if (is_image_name(path.filename().native())) return true;
  std::ifstream file(path, std::ios::binary);
  char first[4] = {};
  file.read(first, sizeof(first));
  const std::string_view magic(first, sizeof(first));
  return magic.starts_with("\x89PNG") || magic.starts_with("\xff\xd8\xff");
}

bool has_images(const fs::path& folder) {
  const std::vector<std::string> names = names_in(folder, open_folder(folder));
  return std::any_of(names.begin(), names.end(), is_image_name);
}

bool has_folders(const fs::path& folder) { return !folders_in(folder).empty(); }

}  // namespace cucurbit
