#pragma once

#include "engine/data/image_set.h"

namespace cucurbit {

struct TrainValidation {
  ImageSet train, validation;
};

/// Cuts `validation` images off `set`, of every class as many as its share (rounded by largest remainders, but never
/// its last image), chosen by `seed`. Both parts keep the order of `set`. With `validation` 0 no image is copied.
///
/// Deterministic on every platform. Throws Error(usage) where not every class would keep an image.
TrainValidation split_validation(const ImageSet& set, int64_t validation, uint64_t seed);

}  // namespace cucurbit
