#include "kernels/device/numeric.cuh"
#include "kernels/device/philox.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/dropout.h"
#include "kernels/host/launch.h"

namespace cucurbit::kernels {

namespace {
constexpr uint32_t kPurposeDropout = 0xd0000000u;  // apart from the streams of initialisation and augmentation
constexpr uint32_t kPurposeDropPath = 0xd8000000u;
constexpr int64_t kDraws = kTile / 4;  // a block draws this often; each draw serves four elements

/// Word w of a tile's draw d serves the tile's element w * kDraws + d: neighbouring threads, or lanes of a vector,
/// touch neighbouring elements.
template <int kThreads, class F>
__device__ __forceinline__ void for_random(int64_t n, const StepState& state, uint32_t purpose, F f) {
  const int64_t begin = int64_t(blockIdx.x) * kTile, left = n - begin < kTile ? n - begin : kTile;
  const uint32_t first = uint32_t(int64_t(blockIdx.x) * kDraws);
  const uint64_t step = uint64_t(state.micro_batch), seed = state.seed;
  const auto draw = [=](uint32_t d) {
    return philox4x32({{first + d, uint32_t(step), uint32_t(step >> 32), purpose}},
                      {{uint32_t(seed), uint32_t(seed >> 32)}});
  };
  if (left == kTile) {
    for_each(strided<kThreads>(int(kDraws)), [&](int d) {
      const Philox4 bits = draw(uint32_t(d));
      f(begin + d, bits[0]);
      f(begin + kDraws + d, bits[1]);
      f(begin + 2 * kDraws + d, bits[2]);
      f(begin + 3 * kDraws + d, bits[3]);
    });
  } else {
    for (int d : strided<kThreads>(int(left < kDraws ? left : kDraws))) {
      const Philox4 bits = draw(uint32_t(d));
      for (int w = 0; w < 4 && w * kDraws + d < left; ++w) f(begin + w * kDraws + d, bits[w]);
    }
  }
}
}  // namespace

template <int kThreads, class T, bool accumulate>
__global__ void dropout_kernel(const T* x, T* y, int64_t n, uint32_t threshold, acc_t<T> scale, const StepState* state,
                               uint32_t purpose) {
  using A = acc_t<T>;
  for_random<kThreads>(n, *state, purpose, [&](int64_t i, uint32_t bits) {
    const A kept = bits < threshold ? A(0) : scale * A(to_acc(x[i]));
    y[i] = from_acc<T>(accumulate ? A(to_acc(y[i])) + kept : kept);
  });
}

template <int kThreads, class T, bool accumulate>
__global__ void drop_path_kernel(const T* x, T* y, int64_t size, int64_t tiles, uint32_t threshold, acc_t<T> scale,
                                 const StepState* state, uint32_t purpose) {
  using A = acc_t<T>;
  const int64_t sample = int64_t(blockIdx.x) / tiles, begin = int64_t(blockIdx.x) % tiles * kTile;
  const uint64_t step = uint64_t(state->micro_batch), seed = state->seed;
  const Philox4 bits = philox4x32({{uint32_t(sample), uint32_t(step), uint32_t(step >> 32), purpose}},
                                  {{uint32_t(seed), uint32_t(seed >> 32)}});
  const bool kept = bits[0] >= threshold;
  const int64_t first = sample * size + begin, last = first + (size - begin < kTile ? size - begin : kTile);
  const auto value = [=](T v) { return kept ? scale * A(to_acc(v)) : A(0); };
  if constexpr (accumulate) {
    map_range<kThreads>(
        first, last, [=](T sum, T v) { return from_acc<T>(A(to_acc(sum)) + value(v)); }, y, y, x);
  } else {
    map_range<kThreads>(
        first, last, [=](T v) { return from_acc<T>(value(v)); }, y, x);
  }
}

namespace {
/// Draws below it are dropped.
uint32_t threshold_of(float p) { return uint32_t(double(p) * 4294967296.0); }

template <class T>
acc_t<T> scale_of(float p) {
  return acc_t<T>(1 / (1 - double(p)));
}
}  // namespace

template <class T>
void dropout(const T* x, T* y, int64_t n, float p, const StepState* state, uint32_t purpose, bool accumulate,
             cudaStream_t stream) {
  const auto run = [&](auto kernel) {
    launch<256>(kernel, blocks_for(n, kTile), stream, x, y, n, threshold_of(p), scale_of<T>(p), state,
                kPurposeDropout + purpose);
  };
  if (accumulate)
    run(CUCURBIT_KERNEL(dropout_kernel, T, true));
  else
    run(CUCURBIT_KERNEL(dropout_kernel, T, false));
}

template <class T>
void drop_path(const T* x, T* y, int64_t batch, int64_t size, float p, const StepState* state, uint32_t purpose,
               bool accumulate, cudaStream_t stream) {
  const int64_t tiles = blocks_for(size, kTile);
  const auto run = [&](auto kernel) {
    launch<256>(kernel, batch * tiles, stream, x, y, size, tiles, threshold_of(p), scale_of<T>(p), state,
                kPurposeDropPath + purpose);
  };
  if (accumulate)
    run(CUCURBIT_KERNEL(drop_path_kernel, T, true));
  else
    run(CUCURBIT_KERNEL(drop_path_kernel, T, false));
}

#define CUCURBIT_INSTANTIATE(T)                                                                        \
  template void dropout(const T*, T*, int64_t, float, const StepState*, uint32_t, bool, cudaStream_t); \
  template void drop_path(const T*, T*, int64_t, int64_t, float, const StepState*, uint32_t, bool, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
