#pragma once

#include <cuda_fp16.h>
#ifdef SOFTGPU
#include <mma.h>
#endif

#include <type_traits>

#include "kernels/types.h"

/// Tensor-core products D = A B + C of one warp, with fragments in registers as the PTX manual lays them out ("Matrix
/// fragments for mma.m16n8k16" and so on): A row-major, B column-major, d may be c. With g = lane / 4, t = lane % 4,
/// and p elements packed in a register (2 of 16 bits, 1 of tf32, 4 of 8 bits):
///
///   a[r]  elements (g + 8 (r % 2), p (t + 4 (r / 2)) + i), i < p
///   b[r]  elements (p (t + 4 r) + i, g), i < p
///   c[e]  element (g + 8 (e / 2), 2 t + e % 2), d alike
///
/// All 32 lanes must call them together. Products of 8- and 16-bit elements are exact; how the sum is rounded is the
/// hardware's.
namespace cucurbit {

#ifdef SOFTGPU

using softgpu::mma_m16n8k16;
using softgpu::mma_m16n8k32_s8;
using softgpu::mma_m16n8k8_tf32;

#else

/// D [16x8] = A [16x16] B [16x8] + C; T is __half or bf16.
template <class T>
__device__ __forceinline__ void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                                             const float (&c)[4]) {
  static_assert(std::is_same_v<T, __half> || std::is_same_v<T, bf16>);
  if constexpr (std::is_same_v<T, __half>)
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"
        : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(c[3]));
  else
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%10,%11,%12,%13};"
        : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(c[3]));
}

/// D [16x8] = A [16x8] B [8x8] + C of floats, whose 13 low bits are ignored.
__device__ __forceinline__ void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                                                 const float (&c)[4]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"
      : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(c[3]));
}

/// D [16x8] = A [16x32] B [32x8] + C of signed bytes; sums wrap around.
__device__ __forceinline__ void mma_m16n8k32_s8(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                                                const int32_t (&c)[4]) {
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"
      : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(c[0]), "r"(c[1]), "r"(c[2]), "r"(c[3]));
}

#endif

}  // namespace cucurbit
