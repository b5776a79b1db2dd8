#pragma once

#include <cstddef>
#include <cstdint>

#include "convolve/scaling.h"

/// 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3) and F(3x3, 4x4), NHWC, on all OpenMP threads. They need a
/// quarter of the multiplications. Products are computed in float for every type. A block of tiles is transformed,
/// multiplied and transformed back while it stays in the caches.
namespace softgpu::convolve::winograd {

/// x [n, h, w, c], filter [k, 3, 3, c], y [n, h + 2 pad_h - 2, w + 2 pad_w - 2, k]; c and k are multiples of 16.
struct Convolution {
  int64_t n, h, w, c, k, pad_h, pad_w;

  int64_t p() const { return h + 2 * pad_h - 2; }
  int64_t q() const { return w + 2 * pad_w - 2; }
};

/// Bytes of workspace that each of the three passes needs with the current number of threads.
size_t forward_workspace(const Convolution& conv);
size_t backward_data_workspace(const Convolution& conv);
size_t backward_filter_workspace(const Convolution& conv);

/// T is float or __nv_bfloat16. Results depend on the number of threads only in backward_filter.
template <class T>
void forward(const Convolution& conv, const T* x, const T* filter, T* y, const Scaling<T>& scaling, void* workspace);
template <class T>
void backward_data(const Convolution& conv, const T* dy, const T* filter, T* dx, const Scaling<T>& scaling,
                   void* workspace);
template <class T>
void backward_filter(const Convolution& conv, const T* x, const T* dy, T* dw, const Scaling<T>& scaling,
                     void* workspace);

}  // namespace softgpu::convolve::winograd
