#pragma once

// What is worth knowing about a data set before training on it.

#include <array>

#include "engine/data/image_folder.h"

namespace cucurbit {

/// The sums by which equal images are found: of a folder's files before resizing, of all images otherwise.
std::vector<FileFacts> facts_of(const ImageSet& set);

/// An image of one of several sets.
struct ImageReference {
  std::size_t set = 0;
  std::int64_t image = 0;
};

/// One of the sets among which equal images are looked for; `facts` are by image.
struct AuditedSet {
  const ImageSet* images = nullptr;
  const std::vector<FileFacts>* facts = nullptr;
};

/// Groups of two or more images with equal pixels, within and across `sets`, each in the order of the sets. Sums find
/// candidates, the bytes of the sets confirm them.
std::vector<std::vector<ImageReference>> equal_images(const std::vector<AuditedSet>& sets);

/// {min, median, max}; the lower of two middle ones. `values` must not be empty.
std::array<std::uint32_t, 3> spread(std::vector<std::uint32_t> values);

}  // namespace cucurbit
