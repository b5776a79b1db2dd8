#include "engine/data/image_folder.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/data/decoded_split.h"
#include "engine/data/folder_listing.h"
#include "engine/data/image_cache.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;

ImageMemory memory_in_ram(size_t size) {
  std::shared_ptr<uint8_t[]> bytes = std::make_shared_for_overwrite<uint8_t[]>(size);
  return {{bytes.get(), size}, bytes, nullptr};
}

ImageMemory memory_in_cache(const fs::path& path, size_t size, const FolderOptions& options) {
  try {
    std::error_code ignored;  // what prevents the folder prevents the file
    fs::create_directories(path.parent_path(), ignored);
    const auto file = std::make_shared<NewMappedFile>(path, size);
    return {file->bytes(), file, file};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io || options.cache_required) throw;
    options.note(fmt::format("the decoded images are not cached: {}", error.what()));
    return memory_in_ram(size);
  }
}

/// Takes the split from the cache if it is there; else decodes it and keeps it there.
DecodedSplit read_split(const fs::path& root, const ListedSplit& split, const FolderOptions& options) {
  if (options.cache_dir.empty()) return decode_split(root, split, options, memory_in_ram);
  const fs::path path = cache_path(root, split, options);
  if (std::optional<DecodedSplit> cached = read_cache(path, split, options)) return *cached;
  std::shared_ptr<NewMappedFile> file;
  const DecodedSplit decoded = decode_split(root, split, options, [&](size_t size) {
    const ImageMemory memory = memory_in_cache(path, size, options);
    file = memory.file;
    return memory;
  });
  // A file that could not be read may be readable next time although its date has not changed.
  const bool lasting = std::all_of(decoded.bad.begin(), decoded.bad.end(),
                                   [](const DecodedSplit::Bad& bad) { return bad.kind == ErrorKind::input; });
  if (file && lasting) commit_cache(*file, split, decoded);
  return decoded;
}

constexpr size_t kMostListed = 20;  // bad files in one note

void apply_policy(const fs::path& root, const ListedSplit& split, const DecodedSplit& decoded,
                  const FolderOptions& options, size_t most_listed) {
  if (decoded.bad.empty()) return;
  const size_t count = decoded.bad.size();
  if (options.on_bad_sample == BadSamples::error) {
    const DecodedSplit::Bad& first = decoded.bad.front();
    const std::string others =
        split.files.size() == 1
            ? ""
            : fmt::format(" ({} of {} files are bad: `on_bad_sample` skip lists them and leaves them out)", count,
                          split.files.size());
    const fs::path path = root / split.files[first.file].path;
    throw Error(first.kind, fmt::format("[folder] {}: {}{}", path.string(), first.reason, others));
  }
  std::string list = fmt::format("{} of {} files are skipped:", count, split.files.size());
  for (size_t i = 0; i < std::min(count, most_listed); ++i) {
    list += fmt::format("\n  {}: {}", split.files[decoded.bad[i].file].path, decoded.bad[i].reason);
  }
  if (count > most_listed) list += fmt::format("\n  and {} more, which `cucurbit inspect` lists", count - most_listed);
  options.note(list);
}

FolderSplit load_split(const fs::path& root, const ListedSplit& listed, const std::vector<std::string>& class_names,
                       const FolderOptions& options, size_t most_listed = kMostListed) {
  const DecodedSplit decoded = read_split(root, listed, options);
  apply_policy(root, listed, decoded, options, most_listed);
  std::error_code ignored;
  FolderSplit split;
  split.images = {.name = fs::weakly_canonical(root, ignored).filename().string(),
                  .count = int64_t(listed.files.size() - decoded.bad.size()),
                  .height = decoded.height,
                  .width = decoded.width,
                  .channels = 3,
                  .images = decoded.images,
                  .owner = decoded.owner,
                  .class_names = class_names};
  const auto count = size_t(split.images.count);
  split.images.labels.reserve(count);
  split.images.paths.reserve(count);
  split.facts.reserve(count);
  auto bad = decoded.bad.begin();
  for (size_t i = 0; i < listed.files.size(); ++i) {
    if (bad != decoded.bad.end() && bad->file == int64_t(i)) {
      split.bad.push_back({listed.files[i].path, bad++->reason});
      continue;
    }
    split.images.labels.push_back(listed.files[i].label);
    split.images.paths.push_back(listed.files[i].path);
    split.facts.push_back(decoded.facts[i]);
  }
  return split;
}

void note_ignored(const Listing& listing, const FolderOptions& options) {
  if (listing.ignored.count == 0) return;
  options.note(
      fmt::format("files whose names do not end in .png, .jpg or .jpeg are ignored: {} in all, the first is {}",
                  listing.ignored.count, listing.ignored.example));
}

void make_gray(ImageSet& set) {
  std::vector<uint8_t> gray(set.images.size() / 3);
  for (size_t i = 0; i < gray.size(); ++i) {
    const uint32_t red = set.images[3 * i], green = set.images[3 * i + 1], blue = set.images[3 * i + 2];
    gray[i] = uint8_t((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16);
  }
  set.own(std::move(gray));
  set.channels = 1;
}

void expect_all_classes(const fs::path& root, const ImageSet& train) {
  const std::vector<int64_t> counts = class_counts(train);
  for (size_t label = 0; label < counts.size(); ++label) {
    if (counts[label] > 0) continue;
    throw Error(ErrorKind::input,
                fmt::format("[folder] {}: every file of the class {} is bad: repair them or remove the folder",
                            root.string(), train.class_names[label]));
  }
}

void expect_shape(const fs::path& root, const ImageSet& train, const std::optional<FolderSplit>& other) {
  if (!other || other->images.count == 0) return;
  const ImageSet& set = other->images;
  if (set.height == train.height && set.width == train.width) return;
  throw MixedSizes(
      ErrorKind::input,
      fmt::format("[folder] {}: images of different sizes: {} is {} x {}, {} is {} x {} (height x width): give "
                  "`img_size`, to which all are resized",
                  root.string(), train.paths[0], train.height, train.width, set.paths[0], set.height, set.width));
}

}  // namespace

FolderSplit load_unlabelled_images(const std::vector<fs::path>& paths, int64_t channels, const FolderOptions& options) {
  const Listing listing = list_images(paths);
  note_ignored(listing, options);
  FolderOptions uncached = options;
  uncached.cache_dir.clear();
  FolderSplit split = load_split("", listing.train, {}, uncached, listing.train.files.size());
  if (split.images.count == 0) {
    throw Error(ErrorKind::input, fmt::format("[data] {}: none of the {} images can be read: convert or repair them",
                                              paths[0].string(), listing.train.files.size()));
  }
  if (channels == 1) make_gray(split.images);
  return split;
}

ImageFolder load_image_folder(const fs::path& root, const FolderOptions& options) {
  const Listing listing = list_image_folder(root);
  ImageFolder folder;
  folder.ignored = listing.ignored.count;
  folder.ignored_example = listing.ignored.example;
  note_ignored(listing, options);
  folder.train = load_split(root, listing.train, listing.class_names, options);
  expect_all_classes(root, folder.train.images);
  if (listing.validation) folder.validation = load_split(root, *listing.validation, listing.class_names, options);
  if (listing.test) folder.test = load_split(root, *listing.test, listing.class_names, options);
  expect_shape(root, folder.train.images, folder.validation);
  expect_shape(root, folder.train.images, folder.test);
  return folder;
}

}  // namespace cucurbit
