#pragma once

// Facts about a data set that are worth knowing before training: equal images and the spread of sizes.

#include <array>

#include "engine/data/image_folder.h"

namespace cucurbit {

/// The facts of every image of a set that was not read from a folder; equal_images finds candidates by the checksums.
std::vector<FileFacts> facts_of(const ImageSet& set);

/// An image of one of several sets.
struct ImageReference {
  size_t set = 0;
  int64_t image = 0;
};

/// One of the sets among which equal images are looked for; `facts` are by image.
struct AuditedSet {
  const ImageSet* images = nullptr;
  const std::vector<FileFacts>* facts = nullptr;
};

/// Groups of two or more images with equal pixels, within and across `sets`, each in the order of the sets. Checksums
/// find candidates, and a comparison of the bytes confirms them.
std::vector<std::vector<ImageReference>> equal_images(const std::vector<AuditedSet>& sets);

/// {min, median, max}; the lower of two middle ones. `values` must not be empty.
std::array<uint32_t, 3> spread(std::vector<uint32_t> values);

}  // namespace cucurbit
