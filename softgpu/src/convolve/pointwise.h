#pragma once

#include <cstddef>
#include <cstdint>

#include "convolve/scaling.h"

/// 1x1 convolutions of any stride without padding, NHWC, on all OpenMP threads. The pixels that the strided convolution
/// reads are gathered and multiplied as a matrix. Products are computed in float for every type.
namespace softgpu::convolve {

/// x [n, h, w, c], filter [k, 1, 1, c], y [n, p, q, k], p = (h - 1) / stride_h + 1; c and k are multiples of 16.
struct Pointwise {
  int64_t n, h, w, c, k, p, q, stride_h, stride_w;
};

/// Bytes of workspace that each of the three functions needs with the current number of threads.
size_t pointwise_workspace(const Pointwise& conv);

/// T is float or __nv_bfloat16. Results depend on the number of threads only in pointwise_backward_filter.
template <class T>
void pointwise_forward(const Pointwise& conv, const T* x, const T* filter, T* y, const Scaling<T>& scaling,
                       void* workspace);
/// Pixels that the convolution does not read get beta * prior.
template <class T>
void pointwise_backward_data(const Pointwise& conv, const T* dy, const T* filter, T* dx, const Scaling<T>& scaling,
                             void* workspace);
template <class T>
void pointwise_backward_filter(const Pointwise& conv, const T* x, const T* dy, T* dw, const Scaling<T>& scaling,
                               void* workspace);

}  // namespace softgpu::convolve
