#include "kernels/augment_mix.h"
#include "kernels/device/numeric.cuh"
#include "kernels/device/philox.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/host/launch.h"

namespace cucurbit::kernels {

namespace {
constexpr uint32_t kPurposeMix = 0x3190;

/// The bits as a number strictly between 0 and 1.
__device__ __forceinline__ double between(uint32_t bits) { return (double(bits) + 0.5) * 0x1p-32; }

/// From Beta(a, a), exactly: with T of Student's t distribution of 2a degrees of freedom, (1 + T / sqrt(2a + T^2)) / 2
/// has it (Best 1978), and T^2 = 2a (u^(-1/a) - 1) cos^2(2 pi v) gives T from two uniform numbers (Bailey 1994).
__device__ __forceinline__ double symmetric_beta(double a, uint32_t u, uint32_t v, bool upper) {
  const double angle = 1.5707963267948966 * between(v);  // a quarter: the square is that of the whole circle
  double cosine = 1;                                     // by Taylor to 4e-15, since CUDA's own function uses the stack
  for (int k = 9; k >= 1; --k) cosine = 1 - angle * angle / ((2 * k - 1) * (2 * k)) * cosine;
  const double square = (::exp(-::log(between(u)) / a) - 1) * cosine * cosine;
  const double distance = 1 / ::sqrt(1 + 1 / square);  // an infinite square: 1
  return upper ? 0.5 + 0.5 * distance : 0.5 - 0.5 * distance;
}

__device__ __forceinline__ int clipped(int i, int n) { return i < 0 ? 0 : i < n ? i : n; }
}  // namespace

template <int kThreads>
__global__ void draw_mix_kernel(const StepState* state, Mixing mixing, int height, int width, MixDraw draw) {
  static_assert(kThreads == 1);
  const auto bits = [&](uint32_t number) {
    return philox4x32({uint32_t(state->micro_batch), uint32_t(uint64_t(state->micro_batch) >> 32), number, kPurposeMix},
                      {uint32_t(state->seed), uint32_t(state->seed >> 32)});
  };
  const Philox4 which = bits(0), how = bits(1);
  const bool mixed = uniform(which[0]) < mixing.probability;
  const bool cut = mixed && mixing.cutmix > 0 && (mixing.mixup <= 0 || uniform(which[1]) < mixing.switch_probability);
  double weight = mixed ? symmetric_beta(cut ? mixing.cutmix : mixing.mixup, how[0], how[1], how[2] >> 31) : 1.;
  int top = 0, left = 0, bottom = 0, right = 0;
  if (cut) {
    const double side = ::sqrt(1 - weight);
    const int rows = int(side * height), columns = int(side * width);
    const int centre_h = int(uint64_t(which[2]) * uint32_t(height) >> 32);
    const int centre_w = int(uint64_t(which[3]) * uint32_t(width) >> 32);
    top = clipped(centre_h - rows / 2, height), bottom = clipped(centre_h - rows / 2 + rows, height);
    left = clipped(centre_w - columns / 2, width), right = clipped(centre_w - columns / 2 + columns, width);
    weight = 1 - double((bottom - top) * (right - left)) / (double(height) * width);
  }
  *draw.weight = float(weight);
  draw.box[0] = top, draw.box[1] = left, draw.box[2] = bottom, draw.box[3] = right;
}

/// A block has a tile of an image and the same tile of its partner, image size - 1 - i. It writes both, so each pixel is
/// read before it is overwritten, by the same thread. An image that is its own partner is mixed with itself: no change.
template <int kThreads, class T>
__global__ void mix_images_kernel(T* __restrict__ images, int64_t size, int height, int width, int channels,
                                  MixDraw draw, int64_t tiles) {
  using A = acc_t<T>;
  const A own = *draw.weight, other = 1 - own;
  if (own == 1) return;
  const int64_t pair = blockIdx.x / tiles, tile = blockIdx.x % tiles, image_size = int64_t(height) * width * channels;
  T* first = images + pair * image_size;
  T* second = images + (size - 1 - pair) * image_size;
  const int64_t begin = tile * kTile, end = begin + kTile < image_size ? begin + kTile : image_size;
  const int top = draw.box[0], left = draw.box[1], bottom = draw.box[2], right = draw.box[3];
  if (bottom <= top) {
    for_each(strided<kThreads>(begin, end), [&](int64_t j) {
      const A a = to_acc(first[j]), b = to_acc(second[j]);
      first[j] = from_acc<T>(own * a + other * b);
      second[j] = from_acc<T>(own * b + other * a);
    });
    return;
  }
  for (int64_t j : strided<kThreads>(begin, end)) {
    const int pixel = int(j / channels), h = pixel / width, w = pixel % width;
    if (h < top || h >= bottom || w < left || w >= right) continue;
    const T kept = first[j];
    first[j] = second[j];
    second[j] = kept;
  }
}

// --- Launchers -------------------------------------------------------------------------------------------------------

void draw_mix(const StepState* state, const Mixing& mixing, int height, int width, const MixDraw& draw,
              cudaStream_t stream) {
  launch<1>(CUCURBIT_KERNEL(draw_mix_kernel), 1, stream, state, mixing, height, width, draw);
}

template <class T>
void mix_images(T* images, int64_t size, int height, int width, int channels, const MixDraw& draw,
                cudaStream_t stream) {
  const int64_t tiles = blocks_for(int64_t(height) * width * channels, kTile);
  launch<256>(CUCURBIT_KERNEL(mix_images_kernel, T), size / 2 * tiles, stream, images, size, height, width, channels,
              draw, tiles);
}

template void mix_images(float*, int64_t, int, int, int, const MixDraw&, cudaStream_t);
template void mix_images(bf16*, int64_t, int, int, int, const MixDraw&, cudaStream_t);
template void mix_images(double*, int64_t, int, int, int, const MixDraw&, cudaStream_t);

}  // namespace cucurbit::kernels
