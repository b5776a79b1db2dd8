#pragma once

#include <cstdint>
#include <cstring>

#include "convolve/scaling.h"
#include "cuda_bf16.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

/// Vectors of channels. Pointers need not be aligned.
namespace softgpu::convolve {

#if defined(__AVX512F__)
inline constexpr int kLanes = 16, kAccumulators = 24;  // out of 32 vector registers
#else
inline constexpr int kLanes = 8, kAccumulators = 12;  // out of 16 vector registers
#endif

typedef float Vec __attribute__((vector_size(4 * kLanes)));
typedef float UnalignedVec __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));
typedef uint32_t Bits __attribute__((vector_size(4 * kLanes)));
typedef uint16_t HalfBits __attribute__((vector_size(2 * kLanes)));

inline Vec load(const float* from) { return *reinterpret_cast<const UnalignedVec*>(from); }
inline void store(float* into, Vec value) { *reinterpret_cast<UnalignedVec*>(into) = value; }

inline Vec load(const __nv_bfloat16* from) {
  HalfBits half;
  std::memcpy(&half, from, sizeof half);
  return reinterpret_cast<Vec>(__builtin_convertvector(half, Bits) << 16);
}

/// Rounds to nearest, ties to even. The processor's instruction flushes denormal values to zero.
inline void store(__nv_bfloat16* into, Vec value) {
#if defined(__AVX512BF16__)
  const __m256bh half = _mm512_cvtneps_pbh(reinterpret_cast<__m512>(value));
  std::memcpy(static_cast<void*>(into), &half, sizeof half);
#else
  const Bits bits = reinterpret_cast<Bits>(value);
  const Bits rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  const HalfBits half =
      __builtin_convertvector((bits & 0x7fffffffu) > 0x7f800000u ? Bits{} + 0x7fffu : rounded, HalfBits);
  std::memcpy(static_cast<void*>(into), &half, sizeof half);
#endif
}

/// Applies `scaling` to the results at index `at`, whose first channel is `channel`.
template <class T>
[[gnu::always_inline]] inline Vec scaled(Vec value, const Scaling<T>& scaling, int64_t at, int64_t channel) {
  if (scaling.alpha != 1) value *= scaling.alpha;
  if (scaling.beta != 0) value += scaling.beta * load(scaling.prior + at);
  if (scaling.bias != nullptr) value += load(scaling.bias + channel);
  return scaling.relu ? (value < 0 ? Vec{} : value) : value;
}

/// Gathers kLanes values that lie `stride` apart.
template <class T>
Vec load_strided(const T* from, int64_t stride) {
  Vec value;
  for (int lane = 0; lane < kLanes; ++lane) value[lane] = static_cast<float>(from[lane * stride]);
  return value;
}

}  // namespace softgpu::convolve
