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

/// Under what names CIFAR is published, and what its archives unpack to.
bool is_cifar_archive(const std::string& name) {
  const bool cifar = name.starts_with("cifar-10-binary") || name.starts_with("cifar-100-binary");
  return cifar && name.find(".tar") != std::string::npos;
}
bool is_cifar_subfolder(const std::string& name) {
  return name == "cifar-10-batches-bin" || name == "cifar-100-binary";
}

/// Every source that `folder` holds, with what to call it. What an archive was unpacked to comes before the archive.
std::vector<std::pair<DataSource, std::string>> sources_in(const fs::path& folder) {
  std::vector<std::pair<DataSource, std::string>> unpacked, packed, sources;
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    const DataSource source{DataFormat::cifar, entry->path()};
    if (is_cifar_subfolder(name)) unpacked.emplace_back(source, name);
    if (is_cifar_archive(name)) packed.emplace_back(source, name);
  }
  if (failure) {
    throw Error(ErrorKind::io, fmt::format("[data] {}: cannot read the folder: {}: check its permissions",
                                           folder.string(), failure.message()));
  }
  sources = unpacked.empty() ? packed : unpacked;
  if (is_idx_folder(folder)) sources.emplace_back(DataSource{DataFormat::idx, folder}, "IDX files");
  if (is_cifar_folder(folder)) sources.emplace_back(DataSource{DataFormat::cifar, folder}, "CIFAR files");
  return sources;
}

/// All images of `set`, resized.
void resize_set(ImageSet& set, ResizeMode mode, std::int64_t size) {
  if (set.height == size && set.width == size) return;
  const auto before = std::size_t(set.height * set.width * set.channels),
             after = std::size_t(size * size * set.channels);
  std::vector<std::uint8_t> images(std::size_t(set.count) * after);
  parallel_for(set.count, [&](std::int64_t i) {
    resize_image(set.images.subspan(std::size_t(i) * before, before), set.height, set.width, set.channels, mode, size,
                 std::span(images).subspan(std::size_t(i) * after, after));
  });
  set.own(std::move(images));
  set.height = set.width = size;
}

/// From the cache where it holds the archive; else unpacked, and kept there. What is not compressed reads as fast.
ImageSplits load_cifar_or_cache(const fs::path& path, const LoadOptions& options) {
  const bool packed = path.filename().native().find(".tar.") != std::string::npos;
  if (!packed || options.cache_dir.empty()) return load_cifar(path, options.coarse_labels);
  const ArchiveKey key = archive_key(path, options.coarse_labels, options);
  if (std::optional<ImageSplits> cached = read_archive_cache(key, options)) return std::move(*cached);
  ImageSplits splits = load_cifar(path, options.coarse_labels);
  write_archive_cache(key, splits, options);
  return splits;
}

ImageSplits load_folder(const fs::path& path, const LoadOptions& options) {
  FolderOptions folder_options = options;
  if (options.img_size == 0) folder_options.img_size = options.folder_img_size;
  ImageFolder folder = load_image_folder(path, folder_options);
  ImageSplits splits{.train = std::move(folder.train.images)};
  if (folder.validation) splits.validation = std::move(folder.validation->images);
  if (folder.test) splits.test = std::move(folder.test->images);
  return splits;
}

}  // namespace

DataSource find_source(const fs::path& path) {
  std::error_code failure;
  if (fs::status(path, failure).type() != fs::file_type::directory)
    return {is_image_file(path) ? DataFormat::images : DataFormat::cifar, path};
  const auto sources = sources_in(path);
  if (sources.size() > 1) {
    std::vector<std::string> names;
    for (const auto& [source, name] : sources) names.push_back(name);
    std::sort(names.begin(), names.end());
    throw Error(ErrorKind::input, fmt::format("[data] {}: holds several sets, {}: name one file, or give each a folder",
                                              path.string(), join(names, " and ")));
  }
  if (sources.size() == 1) return sources[0].first;
  if (has_folders(path)) return {DataFormat::image_folder, path};
  if (has_images(path)) return {DataFormat::images, path};
  throw Error(ErrorKind::io,
              fmt::format("[data] {}: holds no data: put there train-images-idx3-ubyte and its fellows (IDX), "
                          "data_batch_1.bin or train.bin and theirs (CIFAR), or a folder of images for each class",
                          path.string()));
}

ImageSplits load_images(const fs::path& path, const LoadOptions& options) {
  const DataSource source = find_source(path);
  if (source.format == DataFormat::image_folder) return load_folder(source.path, options);
  if (source.format == DataFormat::images) {
    throw Error(ErrorKind::input, fmt::format("[data] {}: images without classes: put them into a folder for each "
                                              "class, or classify them by `cucurbit predict`",
                                              path.string()));
  }
  ImageSplits splits = source.format == DataFormat::idx ? load_idx_folder(source.path, options.idx_classes)
                                                        : load_cifar_or_cache(source.path, options);
  if (options.img_size == 0) return splits;
  resize_set(splits.train, options.resize, options.img_size);
  if (splits.test) resize_set(*splits.test, options.resize, options.img_size);
  return splits;
}

}  // namespace cucurbit
