#pragma once

#include "kernels/augment.h"
#include "kernels/step_state.h"
#include "kernels/types.h"

/// Mixup and cutmix: every image of a batch is mixed with the one at the mirrored place, i with size - 1 - i.
namespace cucurbit::kernels {

/// What is drawn for a batch; in device memory.
struct MixDraw {
  float* weight;  // [1]: of an image's own label; 1: nothing is mixed
  int32_t* box;   // [4]: top, left, bottom, right of what cutmix takes from the partner; empty: mixup, or nothing
};

/// Draws for the step at which `state` (device memory) stands, as a function of (seed, step) alone; overwrites `draw`.
/// Deterministic.
void draw_mix(const StepState* state, const Mixing& mixing, int height, int width, const MixDraw& draw,
              cudaStream_t stream);

/// Mixes the images of a batch in place, as was drawn:
///
///   mixup   x_i = w x_i + (1 - w) x_{size-1-i}        cutmix  x_i = x_{size-1-i} inside the box
///
///   images  [size, height, width, channels]
///
/// T: float, bf16, double. Deterministic.
template <class T>
void mix_images(T* images, int64_t size, int height, int width, int channels, const MixDraw& draw, cudaStream_t stream);

}  // namespace cucurbit::kernels
