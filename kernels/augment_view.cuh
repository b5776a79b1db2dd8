#pragma once

#include "kernels/augment.h"
#include "kernels/device/philox.cuh"

/// Where each pixel of an augmented image is taken from.
namespace cucurbit::kernels {

/// Tells the random numbers of one use from those of another.
enum class Purpose : uint32_t { view = 0x317e, cutout = 0x317f };

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
