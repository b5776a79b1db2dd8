#pragma once

namespace softgpu::convolve {

/// What is stored: alpha * result + beta * prior; prior is read only if beta is not 0 and may be the result's array.
template <class T>
struct Scaling {
  float alpha = 1, beta = 0;
  const T* prior = nullptr;
};

}  // namespace softgpu::convolve
