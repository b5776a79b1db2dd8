#pragma once

#include <filesystem>

#include "engine/data/image_folder.h"

namespace cucurbit {

/// Of FolderOptions, img_size and resize hold for every format.
struct LoadOptions : FolderOptions {
  std::int64_t folder_img_size = 0;      // img_size of image folders where that is 0
  bool coarse_labels = false;            // CIFAR-100: the 20 coarse classes instead of the 100 fine ones
  std::vector<std::string> idx_classes;  // names of the classes of IDX files, which hold numbers only; empty: these
};

/// images: files without classes, or a folder of such.
enum class DataFormat { idx, cifar, image_folder, images };

/// What lies at `path`, and where: a folder may hold the archive or folder of CIFAR as published.
struct DataSource {
  DataFormat format = DataFormat::image_folder;
  std::filesystem::path path;
};

/// Throws Error(input) for a folder that holds several sets, Error(io) for one that holds none or cannot be read.
DataSource find_source(const std::filesystem::path& path);

/// Reads the images at `path`, whose content tells the format: a folder of IDX files (idx.h); CIFAR's files in a
/// folder, in a tar archive, or one of them (cifar.h); a folder of folders of images (image_folder.h).
///
/// Throws as find_source and the readers, and Error(input) for images without classes.
ImageSplits load_images(const std::filesystem::path& path, const LoadOptions& options = {});

}  // namespace cucurbit
