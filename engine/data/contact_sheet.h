#pragma once

#include <filesystem>

#include "engine/data/image_set.h"

namespace cucurbit {

/// Writes a PNG with a row of images for each class, labelled by the class and how many images it has: the first ones,
/// at most 10 a class and 100 classes. Images are brought to 64 x 64. Throws Error(io) where it cannot be written.
void write_contact_sheet(const std::filesystem::path& path, const ImageSet& set);

}  // namespace cucurbit
