#pragma once

#include "transform.h"

/// Filters [k, 3, 3, c] transformed, in squares of kLanes input and kLanes output channels.
namespace softgpu::convolve::winograd {

/// Exchanges lanes and vectors.
[[gnu::always_inline]] inline void transpose(Vec (&v)[kLanes]) {
#pragma GCC unroll 4
  for (int step = 1; step < kLanes; step *= 2) {
    typedef int Lanes __attribute__((vector_size(4 * kLanes)));
    Lanes low, high;  // of the two vectors side by side
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

/// Where the two directions find vector i of the square at (in, out) and a tap: forward, kLanes input channels of
/// output channel out + i; backward, of the filter turned by 180 degrees, kLanes output channels of input channel in +
/// i.
template <class T>
struct ForwardTaps {
  static constexpr bool kTransposed = true;
  const T* filter;
  int64_t c;
  const T* at(int64_t in, int64_t out, int i, int tap) const { return filter + ((out + i) * 9 + tap) * c + in; }
};
template <class T>
struct BackwardTaps {
  static constexpr bool kTransposed = false;
  const T* filter;
  int64_t c;
  const T* at(int64_t in, int64_t out, int i, int tap) const { return filter + ((in + i) * 9 + 8 - tap) * c + out; }
};

/// The square at (in, out), transformed: product i of input channel in + l and output channel out + m at
/// u[i * stride + l * row + m].
template <class Taps>
void transform_filters(const Taps& taps, int64_t in, int64_t out, float* u, int64_t stride, int64_t row) {
  Vec squares[9][kLanes];
  for (int tap = 0; tap < 9; ++tap) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) squares[tap][i] = load(taps.at(in, out, i, tap));
    if constexpr (Taps::kTransposed) transpose(squares[tap]);
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
