#pragma once

#include <cstdint>
#include <type_traits>

#include "../cuda_bf16.h"
#include "half.h"
#include "warp_matrix.h"

/// mma.sync: D = A B + C by one warp, A row-major, B column-major, with the register layouts that PTX documents
/// ("Matrix Fragments for mma.m16n8k16" and the like). Products are exact and the sum is rounded once to the
/// accumulator's type. Tensor cores round and truncate more often, so sums that a float cannot hold exactly may differ
/// from a GPU's in their last places. d may be c. All lanes of the warp must call it.

namespace softgpu {

template <int kPacked>
inline constexpr WarpProduct kMmaM16n8{"mma.sync",           16,          8, 8 * kPacked,
                                       4 * kPacked,          2 * kPacked, 4, mma_place_a<kPacked>,
                                       mma_place_b<kPacked>, mma_place_c};

/// value(register, part): an element as a double.
template <int kPacked, class Acc, class Value, class Round>
void mma_m16n8(Acc (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], const Acc (&c)[4], Value value, Round round,
               Site site) {
  WarpProductLane lane;
  lane.product = &kMmaM16n8<kPacked>;
  for (int e = 0; e < 4 * kPacked; ++e) lane.a[e] = value(a[e / kPacked], e % kPacked);
  for (int e = 0; e < 2 * kPacked; ++e) lane.b[e] = value(b[e / kPacked], e % kPacked);
  for (int e = 0; e < 4; ++e) lane.c[e] = c[e];
  multiply_in_warp(lane, site);
  for (int e = 0; e < 4; ++e) d[e] = round(lane.c[e]);
}

/// [16x16] [16x8], where T is __half or __nv_bfloat16.
template <class T>
void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], const float (&c)[4],
                  Site site = Site::here()) {
  static_assert(std::is_same_v<T, __half> || std::is_same_v<T, __nv_bfloat16>);
  const auto value = [](uint32_t word, int part) -> double {
    const auto bits = static_cast<uint16_t>(word >> (16 * part));
    return std::is_same_v<T, __half> ? half_value(bits) : bfloat16_value(bits);
  };
  mma_m16n8<2>(d, a, b, c, value, accumulator_float, site);
}

/// [16x8] [8x8] of floats, of which the low 13 bits are ignored.
inline void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], const float (&c)[4],
                             Site site = Site::here()) {
  mma_m16n8<1>(
      d, a, b, c, [](uint32_t word, int) -> double { return tf32_value(word); }, accumulator_float, site);
}

/// [16x32] [32x8] of signed bytes; sums wrap around.
inline void mma_m16n8k32_s8(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], const int32_t (&c)[4],
                            Site site = Site::here()) {
  const auto value = [](uint32_t word, int part) -> double { return static_cast<int8_t>(word >> (8 * part)); };
  const auto wrap = [](double sum) { return static_cast<int32_t>(static_cast<int64_t>(sum)); };
  mma_m16n8<4>(d, a, b, c, value, wrap, site);
}

}  // namespace softgpu
