#pragma once

#include <cstdint>

namespace cucurbit {

enum class Flip : uint8_t { none, random, alternating };
enum class Border : uint8_t { constant, reflect };

/// Colours are changed by random factors, in this order; a part that is 0 does nothing. Factors and formulas are
/// torchvision's ColorJitter, which draws the order as well.
struct ColorJitter {
  float brightness = 0, contrast = 0, saturation = 0;  // factors evenly from [max(0, 1 - x), 1 + x]
  float hue = 0;                                       // turned evenly by [-hue, hue] of the circle, hue <= 1/2

  constexpr bool any() const { return brightness > 0 || contrast > 0 || saturation > 0 || hue > 0; }
};

/// A number of operations, drawn evenly and with replacement, each done with `probability` (as timm has it). Magnitudes
/// go from 0 (nothing) to 10, ranges are torchvision's; what has a direction goes either way.
///
///   rotate 30 degrees, shear x and y by 0.3, translate x and y by 0.45 of the side, around the centre, bilinear;
///   brightness, contrast and saturation by factors 1 +- 0.9; posterize to 4 bits; solarize from 256 down to 0;
///   autocontrast; equalize
///
/// All geometric operations of an image are made one map together with crop and flip, so that it is interpolated once;
/// they come before those on colours, which keep the order in which they were drawn. Cubuk, Zoph, Shlens and Le,
/// RandAugment, 2019.
struct RandAugment {
  int operations = 0;
  float magnitude = 9, probability = 0.5f;

  constexpr bool any() const { return operations > 0 && probability > 0; }
};

/// With `probability`, the `size` x `size` pixels around a pixel that is drawn evenly from the image are set to 0 after
/// normalisation, as far as they lie inside. DeVries and Taylor, Improved Regularization of Convolutional Neural
/// Networks with Cutout, 2017.
struct Cutout {
  int size = 0;
  float probability = 1;

  constexpr bool any() const { return size > 0 && probability > 0; }
};

/// The images of a batch are mixed in pairs, and so are their labels. For every batch it is drawn whether at all, and,
/// where both have a parameter, which of the two; then w from Beta(a, a), a being the parameter.
///
///   mixup   the images, each w of itself and 1 - w of its partner; the labels alike (Zhang et al., mixup, 2017)
///   cutmix  a box of 1 - w of the area, around a pixel drawn evenly, comes from the partner; labels by the area that
///           lies inside the image (Yun et al., CutMix, 2019)
struct Mixing {
  float mixup = 0, cutmix = 0;      // 0: not this one
  float probability = 1;            // that a batch is mixed
  float switch_probability = 0.5f;  // that it is cutmix, where both are on

  constexpr bool any() const { return (mixup > 0 || cutmix > 0) && probability > 0; }
};

/// What is done to a training image, in this order. All of it but the mixing, which is drawn for each step, is a
/// function of (seed, epoch, sample index) alone, whatever batch the sample comes in and at whatever place: the random
/// bits are those of Philox, keyed by the seed and counted by (sample, epoch, purpose).
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
  RandAugment rand_augment{};
  ColorJitter color_jitter{};
  Cutout cutout{};
  Mixing mixing{};

  /// True if values are computed, not only moved: a batch then needs room for images as floats.
  constexpr bool changes_values() const { return rand_augment.any() || color_jitter.any(); }
  /// True if every epoch shows a sample as it is, so that what a teacher says of it can be kept.
  constexpr bool is_identity() const {
    return max_shift == 0 && flip == Flip::none && !changes_values() && !cutout.any() && !mixing.any();
  }
};

}  // namespace cucurbit
