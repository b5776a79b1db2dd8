#include "engine/data/augmentation.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/error.h"

namespace cucurbit {

namespace {
void expect(bool condition, const Shape& image, const std::string& problem) {
  if (!condition) throw Error(ErrorKind::usage, fmt::format("[augmentation] images {}: {}", to_string(image), problem));
}

bool is_share(float x) { return x >= 0 && x <= 1; }
}  // namespace

void check_augmentation(const Augmentation& augmentation, const Shape& image) {
  const int max_shift = augmentation.max_shift;
  expect(max_shift >= 0, image, fmt::format("shift by at most {} pixels: expected 0 or more", max_shift));
  expect(augmentation.border != Border::reflect || max_shift < std::min(image[0], image[1]), image,
         fmt::format("reflection of {} pixels: expected fewer than the shorter side has", max_shift));
  const Cutout& cutout = augmentation.cutout;
  expect(
      cutout.size >= 0 && is_share(cutout.probability), image,
      fmt::format("cutout of size {} with probability {}: expected a size of 0 or more and a probability from 0 to 1",
                  cutout.size, cutout.probability));
  const ColorJitter& jitter = augmentation.color_jitter;
  expect(
      jitter.brightness >= 0 && jitter.contrast >= 0 && jitter.saturation >= 0 && jitter.hue >= 0 && jitter.hue <= 0.5f,
      image,
      fmt::format("colour jitter {},{},{},{}: expected values of 0 or more, and at most 0.5 for the hue",
                  jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue));
  const RandAugment& rand = augmentation.rand_augment;
  expect(rand.operations >= 0 && rand.operations <= 16 && rand.magnitude >= 0 && rand.magnitude <= 10 &&
             is_share(rand.probability),
         image,
         fmt::format("{} random operations of magnitude {} with probability {}: expected 0 to 16 operations, a "
                     "magnitude from 0 to 10 "
                     "and a probability from 0 to 1",
                     rand.operations, rand.magnitude, rand.probability));
  const Mixing& mixing = augmentation.mixing;
  expect(mixing.mixup >= 0 && mixing.cutmix >= 0 && is_share(mixing.probability) && is_share(mixing.switch_probability),
         image,
         fmt::format(
             "mixup {} and cutmix {} with probabilities {} and {}: expected 0 or more, and probabilities from 0 to 1",
             mixing.mixup, mixing.cutmix, mixing.probability, mixing.switch_probability));
  expect(!augmentation.changes_values() || image[2] == 1 || image[2] == 3, image,
         "colour jitter and random operations need 1 or 3 channels");
}

}  // namespace cucurbit
