#pragma once

#include <cstdint>

namespace cucurbit {

enum class Flip : uint8_t { none, random, alternating };
enum class Border : uint8_t { constant, reflect };

/// With `probability`, the `size` x `size` pixels around a pixel that is drawn evenly from the image are set to 0 after
/// normalisation, as far as they lie inside. DeVries and Taylor, Improved Regularization of Convolutional Neural
/// Networks with Cutout, 2017.
struct Cutout {
  int size = 0;
  float probability = 1;

  constexpr bool any() const { return size > 0 && probability > 0; }
};

/// What is done to a training image, in this order. All of it is a function of (seed, epoch, sample index) alone,
/// whatever batch the sample comes in and at whatever place: the random bits are those of Philox, keyed by the seed and
/// counted by (sample, epoch, purpose).
struct Augmentation {
  /// Moved by up to so many pixels in both directions, all (2 max_shift + 1)^2 shifts being equally likely:
  /// torchvision's RandomCrop(size, padding=max_shift).
  int max_shift = 0;
  /// What is seen beyond the edge: black (0 before normalisation), or the image mirrored at the centre of its outermost
  /// pixels, as torch.nn.functional.pad's "reflect" has it.
  Border border = Border::constant;
  /// Mirrored left to right: with probability 1/2; or, alternating, so in epoch 0 and from then on every epoch the
  /// other way round than the one before, so that two epochs in a row show both sides of every image (Jordan, 94 % on
  /// CIFAR-10 in 3.29 seconds on a single GPU, 2024).
  Flip flip = Flip::none;
  Cutout cutout{};

  /// True if every epoch shows a sample as it is, so that what a teacher says of it can be kept.
  constexpr bool is_identity() const { return max_shift == 0 && flip == Flip::none && !cutout.any(); }
};

}  // namespace cucurbit
