#pragma once

#include <filesystem>

#include "engine/data/image_set.h"

namespace cucurbit {

/// Writes a PNG with a row of images for each class, labelled by the class and how many images it has: the first ones,
/// at most 10 a class and 100 classes. Images are brought to 64 x 64. Throws Error(io) where it cannot be written.
void write_contact_sheet(const std::filesystem::path& path, const ImageSet& set);

/// Writes a PNG with all images of `set` in order, 8 a row, brought to 80 x 80, and below each the lines of its
/// caption, cut to about 13 letters. `captions`: [count]. Throws Error(io) where it cannot be written.
void write_image_grid(const std::filesystem::path& path, const ImageSet& set,
                      const std::vector<std::vector<std::string>>& captions);

}  // namespace cucurbit
