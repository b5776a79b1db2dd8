#include "engine/data/augmentation.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/error.h"

namespace cucurbit {

namespace {
void expect(bool condition, const Shape& image, const std::string& problem) {
  if (!condition) throw Error(ErrorKind::usage, fmt::format("[augmentation] images {}: {}", to_string(image), problem));
}
}  // namespace

void check_augmentation(const Augmentation& augmentation, const Shape& image) {
  const int64_t side = std::min(image[0], image[1]);
  const auto [max_shift, border, flip, cutout] = augmentation;
  expect(max_shift >= 0, image, fmt::format("shift by up to {} pixels: want 0 or more", max_shift));
  expect(border != Border::reflect || max_shift < side, image,
         fmt::format("reflection of {} pixels: want fewer than the side has", max_shift));
  expect(cutout.size >= 0 && cutout.probability >= 0 && cutout.probability <= 1, image,
         fmt::format("cutout of size {} with probability {}: want a size of 0 or more, a probability from 0 to 1",
                     cutout.size, cutout.probability));
}

}  // namespace cucurbit
