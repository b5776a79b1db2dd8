#include "engine/data/load.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/data/cifar.h"
#include "engine/data/folder_listing.h"
#include "engine/data/idx.h"
#include "engine/data/image_cache.h"
#include "engine/data/parallel.h"
#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code failure;
  return fs::is_directory(path, failure);
}

std::vector<fs::path> path_if(bool found, const fs::path& path) {
  return found ? std::vector{path} : std::vector<fs::path>{};
}

ImageSplits read_idx_files(const fs::path& path, const LoadOptions& options) {
  return load_idx_folder(path, options.idx_classes);
}

/// From the cache where it holds the archive; else unpacked, and kept there. What is not compressed reads as fast.
ImageSplits read_cifar(const fs::path& path, const LoadOptions& options) {
  const bool packed = path.filename().native().find(".tar.") != std::string::npos;
  if (!packed || options.cache_dir.empty()) return load_cifar(path, options.coarse_labels);
  const ArchiveKey key = archive_key(path, options.coarse_labels, options);
  if (std::optional<ImageSplits> cached = read_archive_cache(key, options)) return std::move(*cached);
  ImageSplits splits = load_cifar(path, options.coarse_labels);
  write_archive_cache(key, splits, options);
  return splits;
}

ImageSplits read_image_folder(const fs::path& path, const LoadOptions& options) {
  FolderOptions folder_options = options;
  if (options.img_size == 0) folder_options.img_size = options.folder_img_size;
  return map_splits(Splits<FolderSplit>(load_image_folder(path, folder_options)),
                    [](FolderSplit split) { return std::move(split.images); });
}

ImageSplits refuse_unlabelled(const fs::path& path, const LoadOptions&) {
  throw Error(ErrorKind::input, fmt::format("[data] {}: images without classes: expected one folder of images per "
                                            "class; a trained network classifies images by `cucurbit predict`",
                                            path.string()));
}

/// All images of `set`, resized.
void resize_set(ImageSet& set, ResizeMode mode, int64_t size) {
  if (set.height == size && set.width == size) return;
  const auto resized_bytes = size_t(size * size * set.channels);
  std::vector<uint8_t> images(size_t(set.count) * resized_bytes);
  parallel_for(set.count, [&](int64_t i) {
    resize_image(set.image(i), set.height, set.width, set.channels, mode, size,
                 std::span(images).subspan(size_t(i) * resized_bytes, resized_bytes));
  });
  set.own(std::move(images));
  set.height = set.width = size;
}

[[noreturn]] void refuse_several(const fs::path& folder, const std::vector<DataSource>& sources) {
  std::vector<std::string> names;
  for (const DataSource& source : sources)
    names.push_back(source.path == folder ? std::string(source.reader->name) : source.path.filename().string());
  std::sort(names.begin(), names.end());
  throw Error(ErrorKind::input, fmt::format("[data] {}: this folder holds several data sets, {}: name one of the "
                                            "files, or move each data set to a folder of its own",
                                            folder.string(), join(names, " and ")));
}

[[noreturn]] void refuse_empty(const fs::path& folder) {
  std::vector<std::string> expected;
  for (const DataReader& reader : data_readers())
    if (!reader.expected.empty()) expected.emplace_back(reader.expected);
  expected.back().insert(0, "or ");
  throw Error(ErrorKind::io,
              fmt::format("[data] {}: no data set found: expected {}", folder.string(), join(expected, ", ")));
}

}  // namespace

const std::vector<DataReader>& data_readers() {
  static const std::vector<DataReader> kReaders = {
      {"IDX files", "IDX files (train-images-idx3-ubyte, train-labels-idx1-ubyte, ...)", DataKind::arrays,
       [](const fs::path& path) { return path_if(is_idx_folder(path), path); }, read_idx_files},
      {"image folder", "one folder of images (.png, .jpg, .jpeg) per class", DataKind::image_folder,
       [](const fs::path& path) { return path_if(is_folder(path) && has_folders(path), path); }, read_image_folder},
      {"images", "", DataKind::images,
       [](const fs::path& path) { return path_if(is_folder(path) ? has_images(path) : is_image_file(path), path); },
       refuse_unlabelled},
      // The last, because it takes every file: its reader tells best what a file lacks to be one of CIFAR.
      {"CIFAR files", "CIFAR files or their archive (data_batch_1.bin, ..., test_batch.bin, or train.bin, test.bin)",
       DataKind::arrays, find_cifar, read_cifar}};
  return kReaders;
}

DataSource find_source(const fs::path& path) {
  std::vector<DataSource> arrays, image_files;
  for (const DataReader& reader : data_readers())
    for (const fs::path& found : reader.find(path)) {
      if (!is_folder(path)) return {&reader, found};
      (reader.kind == DataKind::arrays ? arrays : image_files).push_back({&reader, found});
    }
  if (arrays.size() > 1) refuse_several(path, arrays);
  if (arrays.size() == 1) return arrays[0];
  if (image_files.empty()) refuse_empty(path);
  return image_files[0];
}

ImageSplits load_images(const fs::path& path, const LoadOptions& options) {
  const DataSource source = find_source(path);
  ImageSplits splits = source.reader->read(source.path, options);
  if (options.img_size > 0)
    for_each_split(splits, [&](const char*, ImageSet& set) { resize_set(set, options.resize, options.img_size); });
  return splits;
}

}  // namespace cucurbit
