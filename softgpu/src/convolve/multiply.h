#pragma once

#include <algorithm>

#include "vector.h"

/// Products of small row-major matrices that fit the caches. The number of columns is a multiple of kLanes.
namespace softgpu::convolve {

/// The number of rows must be a multiple of this.
inline constexpr int kRowMultiple = 8;

/// c [kRows, kVectors] = a [kRows, depth] b [depth, kVectors], where a vector holds kLanes columns.
template <int kRows, int kVectors>
[[gnu::always_inline]] inline void multiply_block(const float* a, const float* b, int64_t b_stride, float* c,
                                                  int64_t c_stride, int64_t depth) {
  Vec sum[kRows][kVectors] = {};
  for (int64_t d = 0; d < depth; ++d) {
    Vec right[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) right[v] = load(b + d * b_stride + v * kLanes);
#pragma GCC unroll 24
    for (int r = 0; r < kRows; ++r) {
      const float left = a[r * depth + d];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[r][v] += left * right[v];
    }
  }
#pragma GCC unroll 24
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) store(c + r * c_stride + v * kLanes, sum[r][v]);
}

/// kDepth is the depth if it is one of the common ones, otherwise 0. With the distance between rows known at compile
/// time, their addresses need no registers.
template <int kVectors, int kDepth>
void multiply_columns(const float* a, const float* b, float* c, int64_t rows, int64_t any_depth, int64_t cols) {
  constexpr int kRows = std::min(kAccumulators * 2 / 3 / kVectors, kRowMultiple);
  static_assert(kRowMultiple % kRows == 0);
  const int64_t depth = kDepth ? kDepth : any_depth;
  for (int64_t r = 0; r < rows; r += kRows)
    multiply_block<kRows, kVectors>(a + r * depth, b, cols, c + r * cols, cols, depth);
}

template <int kDepth>
void multiply_depth(const float* a, const float* b, float* c, int64_t rows, int64_t depth, int64_t cols) {
  int64_t at = 0;
  for (; at + 2 * kLanes <= cols; at += 2 * kLanes) multiply_columns<2, kDepth>(a, b + at, c + at, rows, depth, cols);
  for (; at < cols; at += kLanes) multiply_columns<1, kDepth>(a, b + at, c + at, rows, depth, cols);
}

/// c [rows, cols] = a [rows, depth] b [depth, cols]; rows is a multiple of kRowMultiple.
inline void multiply(const float* a, const float* b, float* c, int64_t rows, int64_t depth, int64_t cols) {
  switch (depth) {
    case 16:
      return multiply_depth<16>(a, b, c, rows, depth, cols);
    case 32:
      return multiply_depth<32>(a, b, c, rows, depth, cols);
    case 64:
      return multiply_depth<64>(a, b, c, rows, depth, cols);
    case 128:
      return multiply_depth<128>(a, b, c, rows, depth, cols);
    default:
      return multiply_depth<0>(a, b, c, rows, depth, cols);
  }
}

/// c [kRows, kVectors] += a^T b for the same block of c, where a is [depth, ...] and b is [depth, ...].
template <int kRows, int kVectors>
[[gnu::always_inline]] inline void accumulate_block(const float* a, int64_t a_stride, const float* b, int64_t b_stride,
                                                    float* c, int64_t c_stride, int64_t depth) {
  Vec sum[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[r][v] = load(c + r * c_stride + v * kLanes);
  for (int64_t d = 0; d < depth; ++d) {
    Vec right[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) right[v] = load(b + d * b_stride + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const float left = a[d * a_stride + r];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[r][v] += left * right[v];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) store(c + r * c_stride + v * kLanes, sum[r][v]);
}

template <int kVectors>
void accumulate_columns(const float* a, const float* b, float* c, int64_t depth, int64_t rows, int64_t cols) {
  constexpr int kRows = kAccumulators * 2 / 3 / kVectors;  // 16 or 8 accumulators, so that kRows divides 16
  for (int64_t r = 0; r < rows; r += kRows)
    accumulate_block<kRows, kVectors>(a + r, rows, b, cols, c + r * cols, cols, depth);
}

/// c [rows, cols] += a^T b, a [depth, rows], b [depth, cols]; rows is a multiple of 16.
inline void accumulate(const float* a, const float* b, float* c, int64_t depth, int64_t rows, int64_t cols) {
  int64_t at = 0;
  for (; at + 2 * kLanes <= cols; at += 2 * kLanes) accumulate_columns<2>(a, b + at, c + at, depth, rows, cols);
  for (; at < cols; at += kLanes) accumulate_columns<1>(a, b + at, c + at, depth, rows, cols);
}

}  // namespace softgpu::convolve
