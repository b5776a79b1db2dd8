#pragma once

#include <filesystem>

#include "engine/data/image_set.h"

namespace cucurbit {

struct LoadOptions {
  bool coarse_labels = false;  // CIFAR-100: the 20 coarse classes instead of the 100 fine ones
};

/// Reads the images at `path`, whose content tells the format: a folder of IDX files (idx.h), or CIFAR's files in a
/// folder, in a tar archive, in a folder that holds that archive alone, or one of them (cifar.h).
///
/// Throws Error(input) for a folder of none or several of these, and as the reader.
ImageSplits load_images(const std::filesystem::path& path, const LoadOptions& options = {});

}  // namespace cucurbit
