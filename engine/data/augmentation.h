#pragma once

#include "engine/shape.h"
#include "kernels/augment.h"

namespace cucurbit {

/// Throws Error usage unless `augmentation` can be applied to images of this shape, [H, W, C].
void check_augmentation(const Augmentation& augmentation, const Shape& image);

}  // namespace cucurbit
