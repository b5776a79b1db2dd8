#pragma once

#include "kernels/device/math.cuh"
#include "kernels/device/ranges.cuh"

/// Reductions of a loop within a thread, of a warp and of a block. The order of additions is fixed, so results are
/// deterministic. Every thread of the group receives the result.
namespace cucurbit {

inline constexpr unsigned kFullMask = 0xffffffffu;

struct Add {
  template <class A>
  __device__ __forceinline__ A operator()(A a, A b) const {
    return a + b;
  }
};
struct Maximum {
  template <class A>
  __device__ __forceinline__ A operator()(A a, A b) const {
    return math::max(a, b);
  }
};

/// Sum of f(i) over the range; one thread's loop is vectorised.
template <class A, int kStep, class Index, class F>
__device__ __forceinline__ A loop_sum(StridedRange<kStep, Index> range, F f) {
  A sum = 0;
#ifdef SOFTGPU
#pragma omp simd reduction(+ : sum)
#endif
  for (Index i = range.first; i < range.last; i += kStep) sum += f(i);
  return sum;
}

/// Maximum of f(i) over the range, -infinity if it is empty. A NaN may be lost: check sums for finiteness instead.
template <class A, int kStep, class Index, class F>
__device__ __forceinline__ A loop_max(StridedRange<kStep, Index> range, F f) {
  A largest = -A(INFINITY);
#ifdef SOFTGPU
#pragma omp simd reduction(max : largest)
#endif
  for (Index i = range.first; i < range.last; i += kStep) {
    const A value = f(i);
    largest = value > largest ? value : largest;
  }
  return largest;
}

template <int kThreads, class A, class Op>
__device__ __forceinline__ A warp_reduce(A value, Op op) {
  if constexpr (kThreads > 1) {
#pragma unroll
    for (int offset = kLanes<kThreads> / 2; offset > 0; offset /= 2)
      value = op(value, __shfl_xor_sync(kFullMask, value, offset));
  }
  return value;
}

/// All threads must call it. Contains barriers: reads of shared memory before it are ordered before writes after it.
template <int kThreads, class A, class Op>
__device__ __forceinline__ A block_reduce(A value, Op op) {
  static_assert(kThreads == 1 || kThreads % kWarp == 0);
  value = warp_reduce<kThreads>(value, op);
  if constexpr (kThreads > kWarp) {
    __shared__ A partial[kWarps<kThreads>];
    __syncthreads();  // an earlier call may still be reading `partial`
    if (lane_index<kThreads>() == 0) partial[warp_index<kThreads>()] = value;
    __syncthreads();  // every thread reads the results of all warps, in the same order
    value = partial[0];
#pragma unroll
    for (int w = 1; w < kWarps<kThreads>; ++w) value = op(value, partial[w]);
  }
  return value;
}

template <int kThreads, class A>
__device__ __forceinline__ A warp_sum(A value) {
  return warp_reduce<kThreads>(value, Add{});
}
template <int kThreads, class A>
__device__ __forceinline__ A block_sum(A value) {
  return block_reduce<kThreads>(value, Add{});
}
template <int kThreads, class A>
__device__ __forceinline__ A block_max(A value) {
  return block_reduce<kThreads>(value, Maximum{});
}

}  // namespace cucurbit
