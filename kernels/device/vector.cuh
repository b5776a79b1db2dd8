#pragma once

#include "kernels/device/numeric.cuh"
#include "kernels/device/ranges.cuh"

#ifdef SOFTGPU
#include "softgpu/bfloat16_vector.h"
#endif

/// Element-wise loops over contiguous arrays: 16-byte accesses on a GPU, vectorised loops with one thread.
namespace cucurbit {

/// N consecutive elements, moved in one access of up to 16 bytes.
template <class T, int N>
struct alignas(sizeof(T) * N) Vector {
  T at[N];
};

/// Elements of the widest of the types that fit in 16 bytes.
template <class... T>
inline constexpr int kVectorWidth = 16 / [] {
  size_t widest = 1;
  ((widest = sizeof(T) > widest ? sizeof(T) : widest), ...);
  return int(widest);
}();

/// f(i) for every i of the range. Iterations must be independent: what f writes at i it alone reads.
template <int kStep, class Index, class F>
__device__ __forceinline__ void for_each(StridedRange<kStep, Index> range, F f) {
#ifdef SOFTGPU
#pragma omp simd
#endif
  for (Index i = range.first; i < range.last; i += kStep) f(i);
}

/// y[i] = from_acc(value(i)) for every i of the range, as for_each. With one thread bfloat16 values are rounded some at
/// a time: g++ has no vectors of them, and makes fifteen instructions of each rounding.
template <int kStep, class Index, class T, class F>
__device__ __forceinline__ void store_each(StridedRange<kStep, Index> range, T* y, F value) {
#ifdef SOFTGPU
  if constexpr (kStep == 1 && std::is_same_v<T, bf16>) {
    constexpr int kLanes = softgpu::kBfloat16Lanes;
    for (; range.last - range.first >= kLanes; range.first += kLanes) {
      float values[kLanes];
      for_each(StridedRange<1, int>{0, kLanes}, [&](int lane) { values[lane] = value(range.first + lane); });
      softgpu::convert_lanes(values, y + range.first);
    }
  }
#endif
  for_each(range, [&](Index i) { y[i] = from_acc<T>(value(i)); });
}

/// f(j) for j in [0, N): the elements of a Vector. One element is no loop: g++ would not vectorise the loop around it.
template <int N, class F>
__device__ __forceinline__ void for_elements(F f) {
  if constexpr (N == 1)
    f(0);
  else
    for (int j = 0; j < N; ++j) f(j);
}

template <int N, class T>
__device__ __forceinline__ Vector<T, N> load_vector(const T* p) {
  if constexpr (N == 1)
    return {{*p}};
  else
    return *reinterpret_cast<const Vector<T, N>*>(p);
}
template <int N, class T>
__device__ __forceinline__ void store_vector(T* p, const Vector<T, N>& value) {
  if constexpr (N == 1)
    *p = value.at[0];
  else
    *reinterpret_cast<Vector<T, N>*>(p) = value;
}
template <int N, class T>
__device__ __forceinline__ bool aligned_for(const T* p) {
  return reinterpret_cast<uintptr_t>(p) % (sizeof(T) * N) == 0;
}

/// y[i] = f(x[i]...) for i in [begin, end), shared among the threads of the block. y may be one of the x, exactly.
/// 16-byte accesses are used where all pointers allow it at `begin`.
template <int kThreads, class F, class Y, class... X>
__device__ __forceinline__ void map_range(int64_t begin, int64_t end, F f, Y* y, const X*... x) {
  if constexpr (kThreads > 1) {
    constexpr int kWidth = kVectorWidth<Y, X...>;
    if (aligned_for<kWidth>(y + begin) && (aligned_for<kWidth>(x + begin) && ...)) {
      const int64_t whole = begin + (end - begin) / kWidth * kWidth;
      for (int64_t i = begin + int64_t(threadIdx.x) * kWidth; i < whole; i += kThreads * kWidth) {
        Vector<Y, kWidth> result;
        [&](auto... loaded) {
          for (int k = 0; k < kWidth; ++k) result.at[k] = f(loaded.at[k]...);
        }(load_vector<kWidth>(x + i)...);
        store_vector<kWidth>(y + i, result);
      }
      begin = whole;
    }
  }
  for_each(strided<kThreads>(begin, end), [&](int64_t i) { y[i] = f(x[i]...); });
}

/// map_range over the block's tile of [0, n): launch blocks_for(n, kTile) blocks.
template <int kThreads, class F, class Y, class... X>
__device__ __forceinline__ void map_tile(int64_t n, F f, Y* y, const X*... x) {
  const int64_t begin = int64_t(blockIdx.x) * kTile;
  map_range<kThreads>(begin, begin + kTile < n ? begin + kTile : n, f, y, x...);
}

}  // namespace cucurbit
