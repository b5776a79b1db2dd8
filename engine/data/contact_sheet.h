#pragma once

#include <filesystem>

#include "engine/data/image_set.h"

namespace cucurbit {

/// Writes a PNG with one row of images per class, titled with the class and its number of images. It shows the first 10
/// images of each of the first 100 classes, resized to 64 x 64. Throws Error(io) if the file cannot be written.
void write_contact_sheet(const std::filesystem::path& path, const ImageSet& set);

/// Writes a PNG with all images of `set` in order, 8 per row, resized to 80 x 80, and below each the lines of its
/// caption, cut to about 13 letters. `captions`: [count]. Throws Error(io) if the file cannot be written.
void write_image_grid(const std::filesystem::path& path, const ImageSet& set,
                      const std::vector<std::vector<std::string>>& captions);

}  // namespace cucurbit
