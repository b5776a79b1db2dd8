#pragma once

#include "kernels/types.h"

/// A few adjacent values that a thread holds and computes with at once: a vector register on softgpu's one-thread
/// blocks, the 16 bytes of one memory access on a GPU.
namespace cucurbit {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64, kVectorRegisters = 32;
#elif defined(__AVX__)
inline constexpr int kVectorBytes = 32, kVectorRegisters = 16;
#else
inline constexpr int kVectorBytes = 16, kVectorRegisters = 16;
#endif

template <int kThreads, class A>
struct Pack {
  static constexpr int kSize = 16 / sizeof(A);
  struct alignas(16) type {
    A lanes[kSize];
  };
};

#ifdef SOFTGPU
template <class A>
struct Pack<1, A> {
  static constexpr int kSize = kVectorBytes / sizeof(A);
  typedef A type __attribute__((vector_size(kVectorBytes)));
};
#endif

template <int kThreads, class A>
using pack_t = typename Pack<kThreads, A>::type;

/// The pack at `from`, which is aligned to its size.
template <int kThreads, class A>
__device__ __forceinline__ pack_t<kThreads, A> load_pack(const A* from) {
  return *reinterpret_cast<const pack_t<kThreads, A>*>(from);
}

/// sum += a * b, lane by lane.
template <int kThreads, class A>
__device__ __forceinline__ void multiply_add(pack_t<kThreads, A>& sum, A a, const pack_t<kThreads, A>& b) {
  if constexpr (kThreads == 1) {
    sum += a * b;
  } else {
#pragma unroll
    for (int lane = 0; lane < Pack<kThreads, A>::kSize; ++lane) sum.lanes[lane] += a * b.lanes[lane];
  }
}

}  // namespace cucurbit
