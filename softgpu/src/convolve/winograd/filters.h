#pragma once

#include "transform.h"

/// Transforms filters [k, 3, 3, c] in squares of kLanes input channels and kLanes output channels.
namespace softgpu::convolve::winograd {

/// Transposes a square of kLanes vectors in place: lane i of vector j becomes lane j of vector i.
[[gnu::always_inline]] inline void transpose(Vec (&v)[kLanes]) {
#pragma GCC unroll 4
  for (int step = 1; step < kLanes; step *= 2) {  // swaps the off-diagonal blocks of step x step elements
    typedef int Lanes __attribute__((vector_size(4 * kLanes)));
    Lanes low, high;  // indices into the concatenation of the two vectors
#pragma GCC unroll 16
    for (int lane = 0; lane < kLanes; ++lane) {
      low[lane] = lane & step ? lane - step + kLanes : lane;
      high[lane] = lane & step ? lane + kLanes : lane + step;
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) {
      if (i & step) continue;
      const Vec a = v[i], b = v[i + step];
      v[i] = __builtin_shuffle(a, b, low);
      v[i + step] = __builtin_shuffle(a, b, high);
    }
  }
}

/// Where each direction finds vector i of the square at (in, out) for one of the nine filter offsets r * 3 + s. The
/// forward pass reads kLanes input channels of output channel out + i. The data gradient convolves with the filter
/// rotated by 180 degrees and its channels exchanged: it reads kLanes output channels of input channel in + i.
template <class T>
struct ForwardFilter {
  static constexpr bool kTransposed = true;
  const T* filter;
  int64_t c;
  const T* at(int64_t in, int64_t out, int i, int offset) const { return filter + ((out + i) * 9 + offset) * c + in; }
};
template <class T>
struct BackwardFilter {
  static constexpr bool kTransposed = false;
  const T* filter;
  int64_t c;
  const T* at(int64_t in, int64_t out, int i, int offset) const {
    return filter + ((in + i) * 9 + 8 - offset) * c + out;
  }
};

/// Transforms the square at (in, out): element i of the transformed filter of input channel in + l and output channel
/// out + m is stored at u[i * stride + l * row + m].
template <class Filter>
void transform_filters(const Filter& filter, int64_t in, int64_t out, float* u, int64_t stride, int64_t row) {
  Vec squares[9][kLanes];
  for (int offset = 0; offset < 9; ++offset) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) squares[offset][i] = load(filter.at(in, out, i, offset));
    if constexpr (Filter::kTransposed) transpose(squares[offset]);
  }
  for (int l = 0; l < kLanes; ++l) {
    Window columns[3];
#pragma GCC unroll 6
    for (int s = 0; s < 3; ++s) transform_filter(squares[s][l], squares[3 + s][l], squares[6 + s][l], columns[s]);
#pragma GCC unroll 6
    for (int i = 0; i < kWindow; ++i) {
      Window values;
      transform_filter(columns[0][i], columns[1][i], columns[2][i], values);
#pragma GCC unroll 6
      for (int j = 0; j < kWindow; ++j) store(u + (i * kWindow + j) * stride + l * row, values[j]);
    }
  }
}

}  // namespace softgpu::convolve::winograd
