#pragma once

#include <filesystem>
#include <string>

#include "engine/data/image_set.h"

namespace cucurbit::test {

/// A data set that a small network learns quickly: every class is a bright square at a place of its own, plus noise.
ImageSet easy_images(int64_t count, int64_t side, int classes, uint32_t seed);

/// Writes `set` as train and t10k IDX files (plain) into `folder`, both with the same images.
void write_idx_folder(const std::filesystem::path& folder, const ImageSet& set);

}  // namespace cucurbit::test
