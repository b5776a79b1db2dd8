#pragma once

#include "engine/tensor.h"
#include "kernels/conv.h"

/// The two ways to convolve that conv2d chooses from. Contracts: kernels/conv.h.
namespace cucurbit {

/// By our own kernels, direct for depthwise shapes. dw may have the accumulator type of x.
void own_conv_forward(const kernels::ConvShape& shape, const Tensor& x, const Tensor& w, const Tensor& y);
void own_conv_data_gradient(const kernels::ConvShape& shape, const Tensor& w, const Tensor& dy, const Tensor& dx,
                            bool accumulate);
void own_conv_filter_gradient(const kernels::ConvShape& shape, const Tensor& x, const Tensor& dy, const Tensor& dw,
                              bool accumulate);

/// By cuDNN. False, and nothing done, where cuDNN does not serve: f64 (it has no NHWC filters of doubles), empty
/// batches, shapes without a deterministic algorithm, builds without cuDNN. dw has the type of x.
bool vendor_conv_forward(const kernels::ConvShape& shape, const Tensor& x, const Tensor& w, const Tensor& y);
bool vendor_conv_data_gradient(const kernels::ConvShape& shape, const Tensor& w, const Tensor& dy, const Tensor& dx,
                               bool accumulate);
bool vendor_conv_filter_gradient(const kernels::ConvShape& shape, const Tensor& x, const Tensor& dy, const Tensor& dw,
                                 bool accumulate);

}  // namespace cucurbit
