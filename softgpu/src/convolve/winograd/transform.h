#pragma once

#include "convolve/vector.h"

/// The one-dimensional transforms of Winograd's F(4, 3) and F(3, 4) (Lavin and Gray 2016) on the points 0, +-a, +-b and
/// infinity, where a = 1 / sqrt 2 and b = sqrt 2. With these points a float convolution of 64 channels has a relative
/// error (root mean square) of 6.4e-7; with the common points 0, +-1, +-2 the error is 1.4e-6, and that of the direct
/// sum is 1.6e-7.
///
///   y = A^T ((G g) * (B^T d))    B^T: 6 samples d to 6 products
///                                F(4, 3): filter length 3, 4 results    F(3, 4): filter length 4, 3 results
namespace softgpu::convolve::winograd {

inline constexpr int kTile = 4, kWindow = 6;         // side of a tile: of its outputs and of its inputs
inline constexpr int kProducts = kWindow * kWindow;  // multiplications for each tile and pair of channels

inline constexpr float kA = 0.70710678118654752f, kB = 1.41421356237309505f;
inline constexpr float kA2 = 0.5f, kB2 = 2.0f;  // a^2, b^2; (ab)^2 = 1
inline constexpr float kA3 = kA * kA2, kB3 = kB * kB2;
// The scale of point p is 1 / product of (p - q) over the other finite points q; for p = 0 it is 1.
inline constexpr float kScaleA = -2.0f / 3.0f, kScaleB = 1.0f / 6.0f;

using Window = Vec[kWindow];

/// B^T d, in place.
[[gnu::always_inline]] inline void transform_samples(Window& d) {
  const Vec even_a = d[4] - kB2 * d[2], odd_a = kA * (d[3] - kB2 * d[1]);
  const Vec even_b = d[4] - kA2 * d[2], odd_b = kB * (d[3] - kA2 * d[1]);
  d[0] = d[0] - (kA2 + kB2) * d[2] + d[4];
  d[5] = d[1] - (kA2 + kB2) * d[3] + d[5];
  d[1] = even_a + odd_a;
  d[2] = even_a - odd_a;
  d[3] = even_b + odd_b;
  d[4] = even_b - odd_b;
}

/// G g for the three elements of a filter.
[[gnu::always_inline]] inline void transform_filter(Vec g0, Vec g1, Vec g2, Window& u) {
  const Vec even_a = kScaleA * (g0 + kA2 * g2), odd_a = (kScaleA * kA) * g1;
  const Vec even_b = kScaleB * (g0 + kB2 * g2), odd_b = (kScaleB * kB) * g1;
  u[0] = g0;
  u[1] = even_a + odd_a;
  u[2] = even_a - odd_a;
  u[3] = even_b + odd_b;
  u[4] = even_b - odd_b;
  u[5] = g2;
}

/// A^T m for four results, in place.
[[gnu::always_inline]] inline void transform_results(Window& m) {
  const Vec sum_a = m[1] + m[2], gap_a = m[1] - m[2], sum_b = m[3] + m[4], gap_b = m[3] - m[4];
  m[0] = m[0] + sum_a + sum_b;
  m[1] = kA * gap_a + kB * gap_b;
  m[2] = kA2 * sum_a + kB2 * sum_b;
  m[3] = kA3 * gap_a + kB3 * gap_b + m[5];
}

/// G g for the four cotangents d[0..3], in place. The scales of G are left to transform_gradient.
[[gnu::always_inline]] inline void transform_cotangents(Window& d) {
  const Vec even_a = d[0] + kA2 * d[2], odd_a = kA * d[1] + kA3 * d[3];
  const Vec even_b = d[0] + kB2 * d[2], odd_b = kB * d[1] + kB3 * d[3];
  d[5] = d[3];
  d[1] = even_a + odd_a;
  d[2] = even_a - odd_a;
  d[3] = even_b + odd_b;
  d[4] = even_b - odd_b;
}

/// A^T m for three results, in place, including the scales of G that transform_cotangents leaves out.
[[gnu::always_inline]] inline void transform_gradient(Window& m) {
  const Vec sum_a = kScaleA * (m[1] + m[2]), gap_a = (kScaleA * kA) * (m[1] - m[2]);
  const Vec sum_b = kScaleB * (m[3] + m[4]), gap_b = (kScaleB * kB) * (m[3] - m[4]);
  m[0] = m[0] + sum_a + sum_b;
  m[1] = gap_a + gap_b;
  m[2] = kA2 * sum_a + kB2 * sum_b + m[5];
}

}  // namespace softgpu::convolve::winograd
