#pragma once

#include "engine/enum_names.h"
#include "engine/shape.h"
#include "kernels/augment.h"

namespace cucurbit {

constexpr auto names_of(Border) {
  return enum_names<Border>({{Border::constant, "constant"}, {Border::reflect, "reflect"}});
}

/// Throws Error usage unless `augmentation` can be applied to images of this shape, [H, W, C].
void check_augmentation(const Augmentation& augmentation, const Shape& image);

}  // namespace cucurbit
