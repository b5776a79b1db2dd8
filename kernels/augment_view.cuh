#pragma once

#include <cmath>

#include "kernels/augment.h"
#include "kernels/device/philox.cuh"

/// Where each pixel of an augmented image is taken from.
namespace cucurbit::kernels {

/// Tells the random numbers of one use from those of another.
enum class Purpose : uint32_t { view = 0x317e, cutout, color_jitter, operation };

/// A sample in an epoch, as the source of random bits.
struct SampleDraw {
  uint64_t seed;
  int64_t epoch, sample;

  __device__ __forceinline__ Philox4 operator()(Purpose purpose, uint32_t number = 0) const {
    return philox4x32({uint32_t(sample), uint32_t(epoch), uint32_t(epoch >> 32), uint32_t(purpose) + (number << 16)},
                      {uint32_t(seed), uint32_t(seed >> 32)});
  }
};

/// Evenly from [0, n).
__device__ __forceinline__ int below(uint32_t bits, int n) { return int(uint64_t(bits) * uint32_t(n) >> 32); }

/// The pixel that is seen at place i, possibly outside, of a line of n that is continued by reflection.
__device__ __forceinline__ int reflected(int i, int n) {
  if (n == 1) return 0;
  const int period = 2 * (n - 1), place = (i < 0 ? -i : i) % period;
  return place < n ? place : period - place;
}

/// Output (h, w) shows input (h + down, w + right), or, mirrored, (h + down, width - 1 - w + right).
struct View {
  int down = 0, right = 0;
  bool mirrored = false;
};

__device__ __forceinline__ View draw_view(const Augmentation& augmentation, const SampleDraw& draw) {
  if (augmentation.max_shift == 0 && augmentation.flip == Flip::none) return {};
  const int shifts = 2 * augmentation.max_shift + 1;
  const Philox4 bits = draw(Purpose::view);
  View view{below(bits[0], shifts) - augmentation.max_shift, below(bits[1], shifts) - augmentation.max_shift};
  if (augmentation.flip == Flip::random) view.mirrored = bits[2] >> 31;
  if (augmentation.flip == Flip::alternating)
    view.mirrored = ((SampleDraw{draw.seed, 0, draw.sample}(Purpose::view)[2] >> 31) + uint64_t(draw.epoch)) % 2;
  return view;
}

enum class Operation : int {
  rotate,
  shear_x,
  shear_y,
  translate_x,
  translate_y,
  brightness,
  contrast,
  saturation,
  posterize,
  solarize,
  autocontrast,
  equalize,
  none
};

/// `amount` is, by operation: radians; the slope; the share of the side; the factor; bits; the threshold.
struct DrawnOperation {
  Operation operation;
  float amount;
};

__device__ __forceinline__ DrawnOperation draw_operation(const RandAugment& parameters, const SampleDraw& draw, int k) {
  const Philox4 bits = draw(Purpose::operation, uint32_t(k));
  if (uniform(bits[1]) >= parameters.probability) return {Operation::none, 0};
  const auto operation = Operation(below(bits[0], int(Operation::none)));
  const float level = parameters.magnitude / 10, either_way = bits[2] >> 31 ? -level : level;
  switch (operation) {
    case Operation::rotate:
      return {operation, either_way * 0.523598776f};
    case Operation::shear_x:
    case Operation::shear_y:
      return {operation, either_way * 0.3f};
    case Operation::translate_x:
    case Operation::translate_y:
      return {operation, either_way * 0.45f};
    case Operation::posterize:
      return {operation, 8 - floorf(4 * level)};
    case Operation::solarize:
      return {operation, 256 * (1 - level)};
    default:
      return {operation, 1 + either_way * 0.9f};
  }
}

/// The place in the input that an output place shows, both counted in pixels from the centre of the image:
/// x_in = xx x + xy y + x0, y_in = yx x + yy y + y0.
struct Affine {
  float xx = 1, xy = 0, x0 = 0, yx = 0, yy = 1, y0 = 0;

  /// First this map, then `next`.
  __device__ __forceinline__ Affine then(const Affine& next) const {
    return {next.xx * xx + next.xy * yx, next.xx * xy + next.xy * yy, next.xx * x0 + next.xy * y0 + next.x0,
            next.yx * xx + next.yy * yx, next.yx * xy + next.yy * yy, next.yx * x0 + next.yy * y0 + next.y0};
  }
};

/// Taylor series for an angle of at most 0.53, to float precision: CUDA's own functions use the stack.
__device__ __forceinline__ Affine rotation(float angle) {
  const float s = angle * angle;
  const float sine = angle * (1 - s / 6 * (1 - s / 20 * (1 - s / 42 * (1 - s / 72))));
  const float cosine = 1 - s / 2 * (1 - s / 12 * (1 - s / 30 * (1 - s / 56)));
  return {cosine, -sine, 0, sine, cosine, 0};
}

/// Crop, flip and the geometric operations as one map. `interpolates` tells whether there are any of the latter.
__device__ __forceinline__ Affine draw_map(const Augmentation& augmentation, const SampleDraw& draw, const View& view,
                                           int height, int width, bool& interpolates) {
  Affine map;
  interpolates = false;
  for (int k = augmentation.rand_augment.operations - 1; k >= 0; --k) {  // the way back begins at the last operation
    const auto [operation, amount] = draw_operation(augmentation.rand_augment, draw, k);
    interpolates |= operation <= Operation::translate_y;
    if (operation == Operation::rotate) map = map.then(rotation(amount));
    if (operation == Operation::shear_x) map = map.then({1, amount, 0, 0, 1, 0});
    if (operation == Operation::shear_y) map = map.then({1, 0, 0, amount, 1, 0});
    if (operation == Operation::translate_x) map = map.then({1, 0, amount * float(width), 0, 1, 0});
    if (operation == Operation::translate_y) map = map.then({1, 0, 0, 0, 1, amount * float(height)});
  }
  const float side = view.mirrored ? -1.f : 1.f;
  return map.then({side, 0, float(view.right), 0, 1, float(view.down)});
}

/// Rows [top, bottom), columns [left, right) of the output.
struct Box {
  int top = 0, left = 0, bottom = 0, right = 0;
};

__device__ __forceinline__ Box draw_cutout(const Cutout& cutout, const SampleDraw& draw, int height, int width) {
  if (!cutout.any()) return {};
  const Philox4 bits = draw(Purpose::cutout);
  if (uniform(bits[0]) >= cutout.probability) return {};
  const int top = below(bits[1], height) - cutout.size / 2, left = below(bits[2], width) - cutout.size / 2;
  const int bottom = top + cutout.size, right = left + cutout.size;
  return {top < 0 ? 0 : top, left < 0 ? 0 : left, bottom < height ? bottom : height, right < width ? right : width};
}

}  // namespace cucurbit::kernels
