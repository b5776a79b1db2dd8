#pragma once

#ifdef SOFTGPU
#include <mma.h>
#endif

#include "kernels/types.h"

/// 8x8 matrices of 16-bit elements from shared memory into the fragments of mma.cuh.
///
/// ldmatrix(registers, row) loads 1, 2 or 4 matrices, as many as there are registers: lanes 8 i to 8 i + 7 give the
/// addresses of the rows of matrix i, 16 bytes each and aligned so; the addresses of other lanes are ignored. Lane l
/// receives elements 2 (l % 4) and 2 (l % 4) + 1 of row l / 4. ldmatrix_trans loads the transposed matrices. All 32
/// lanes must call them together.
namespace cucurbit {

#ifdef SOFTGPU

using softgpu::ldmatrix;
using softgpu::ldmatrix_trans;

#else

namespace detail {
__device__ __forceinline__ uint32_t shared_address(const void* p) { return uint32_t(__cvta_generic_to_shared(p)); }
}  // namespace detail

#define CUCURBIT_LDMATRIX(name, trans)                                                              \
  template <int kMatrices>                                                                          \
  __device__ __forceinline__ void name(uint32_t(&registers)[kMatrices], const void* row) {          \
    static_assert(kMatrices == 1 || kMatrices == 2 || kMatrices == 4);                              \
    const uint32_t address = detail::shared_address(row);                                           \
    if constexpr (kMatrices == 1)                                                                   \
      asm volatile("ldmatrix.sync.aligned.m8n8.x1" trans ".shared.b16 {%0}, [%1];"                  \
                   : "=r"(registers[0])                                                             \
                   : "r"(address)                                                                   \
                   : "memory");                                                                     \
    else if constexpr (kMatrices == 2)                                                              \
      asm volatile("ldmatrix.sync.aligned.m8n8.x2" trans ".shared.b16 {%0,%1}, [%2];"               \
                   : "=r"(registers[0]), "=r"(registers[1])                                         \
                   : "r"(address)                                                                   \
                   : "memory");                                                                     \
    else                                                                                            \
      asm volatile("ldmatrix.sync.aligned.m8n8.x4" trans ".shared.b16 {%0,%1,%2,%3}, [%4];"         \
                   : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3]) \
                   : "r"(address)                                                                   \
                   : "memory");                                                                     \
  }
CUCURBIT_LDMATRIX(ldmatrix, "")
CUCURBIT_LDMATRIX(ldmatrix_trans, ".trans")
#undef CUCURBIT_LDMATRIX

#endif

}  // namespace cucurbit
