#pragma once

namespace softgpu::convolve {

/// What is stored: f(alpha * result + beta * prior + bias[channel]), f being ReLU, which passes NaN on, or nothing.
/// prior is read only if beta is not 0 and may be the result's array; bias may be null.
template <class T>
struct Scaling {
  float alpha = 1, beta = 0;
  const T* prior = nullptr;
  const T* bias = nullptr;
  bool relu = false;

  /// Whether results are stored as they are.
  bool is_plain() const { return alpha == 1 && beta == 0 && bias == nullptr && !relu; }
};

}  // namespace softgpu::convolve
