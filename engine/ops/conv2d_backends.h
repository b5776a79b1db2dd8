#pragma once

#include "engine/ops/conv2d.h"
#include "engine/runtime/op_scope.h"
#include "kernels/conv.h"

/// The two ways to convolve that conv2d chooses from, and what they share. Contracts: kernels/conv.h.
namespace cucurbit {

/// Checks as conv2d_output_shape does.
kernels::ConvShape conv_shape(const Shape& x, const Shape& filter, const Conv2dGeometry& geometry);

/// For profiles, of any of the three directions: they share operands and operations. `residuals`: further arrays of the
/// size of y that are read.
OpDescription describe_conv(const kernels::ConvShape& shape, DType dtype, int residuals = 0);

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
/// y = relu?(conv(x, w) + residual + bias), bias [K] of x's type, residual like y or undefined. A ReLU passes NaN on.
bool vendor_conv_bias_activation(const kernels::ConvShape& shape, const Tensor& x, const Tensor& w, const Tensor& bias,
                                 const Tensor& residual, bool relu, const Tensor& y);

}  // namespace cucurbit
