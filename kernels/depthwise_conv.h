#pragma once

#include "kernels/conv.h"

namespace cucurbit::kernels {

/// A depthwise convolution has groups == C == K: every channel has an R x S filter of its own, the filter tensor is
/// [C,R,S,1]. Formulas and arguments are those of the functions of the same names in kernels/conv.h. There is nothing
/// for a matrix product to share between channels, so these run directly, channel beside channel. They accumulate in
/// acc_t<T> over ascending (r, s); deterministic.
constexpr bool is_depthwise(const ConvShape& shape) {
  return shape.groups > 1 && shape.groups == shape.c && shape.k == shape.c;
}

template <class T>
void depthwise_forward(const ConvShape& shape, const T* x, const T* w, T* y, cudaStream_t stream);

template <class T>
void depthwise_data_gradient(const ConvShape& shape, const T* w, const T* dy, T* dx, bool accumulate,
                             cudaStream_t stream);

/// Bytes of workspace that depthwise_filter_gradient needs for element type T.
template <class T>
size_t depthwise_filter_gradient_workspace(const ConvShape& shape);

/// The sum over pixels is cut into pieces, summed by different blocks and added in ascending order. D is T or acc_t<T>.
template <class T, class D>
void depthwise_filter_gradient(const ConvShape& shape, const T* x, const T* dy, D* dw, bool accumulate, void* workspace,
                               cudaStream_t stream);

}  // namespace cucurbit::kernels
