#pragma once

#include "cuda_bf16.h"

#if defined(__AVX512BF16__) && defined(__AVX512DQ__)
#include <immintrin.h>
#endif

namespace softgpu {

/// The number of values in the widest vector register. Loops over this many values compile to code without a loop.
inline constexpr int kBfloat16Lanes = 32;

/// into[i] = __float2bfloat16(from[i]) for kBfloat16Lanes values, bit for bit.
inline void convert_lanes(const float* from, __nv_bfloat16* into) {
#if defined(__AVX512BF16__) && defined(__AVX512DQ__)
  const __m512 low = _mm512_loadu_ps(from), high = _mm512_loadu_ps(from + 16);
  // The instruction flushes denormal values to zero and keeps the payload of a NaN; CUDA does neither.
  constexpr int kDenormalOrNan = 0x20 | 0x01 | 0x80;
  const int odd = _mm512_fpclass_ps_mask(low, kDenormalOrNan) | _mm512_fpclass_ps_mask(high, kDenormalOrNan);
  if (__builtin_expect(odd == 0, 1)) {
    const __m256bh halves[] = {_mm512_cvtneps_pbh(low), _mm512_cvtneps_pbh(high)};
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(into), reinterpret_cast<const __m256i&>(halves[0]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(into + 16), reinterpret_cast<const __m256i&>(halves[1]));
    return;
  }
#endif
  for (int lane = 0; lane < kBfloat16Lanes; ++lane) into[lane] = from[lane];
}

}  // namespace softgpu
