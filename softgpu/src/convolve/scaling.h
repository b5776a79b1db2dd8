#pragma once

namespace softgpu::convolve {

/// What is stored for a result: f(alpha * result + beta * prior + bias[channel]), where f is the identity or a ReLU
/// that passes NaN on. prior is read only if beta is not 0, and may be the output array; bias may be null.
template <class T>
struct Scaling {
  float alpha = 1, beta = 0;
  const T* prior = nullptr;
  const T* bias = nullptr;
  bool relu = false;

  /// Whether results are stored unchanged.
  bool is_plain() const { return alpha == 1 && beta == 0 && bias == nullptr && !relu; }
};

}  // namespace softgpu::convolve
