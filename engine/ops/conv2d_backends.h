#pragma once

#include <optional>

#include "engine/ops/conv2d.h"
#include "engine/runtime/op_scope.h"
#include "kernels/conv.h"

/// The two ways to convolve that conv2d chooses from, and what they share. Contracts: kernels/conv.h.
namespace cucurbit {

/// Checks as conv2d_output_shape does.
kernels::ConvShape conv_shape(const Shape& x, const Shape& filter, const Conv2dGeometry& geometry);

enum class ConvDirection { forward, data_gradient, filter_gradient };

/// For listeners. The directions share operands and formula; `used` is what an algorithm other than the formula
/// multiplies, `residuals` the number of further arrays of the size of y that are read.
OpDescription describe_conv(const kernels::ConvShape& shape, DType dtype, const std::optional<Arithmetic>& used,
                            int residuals = 0);

/// What Winograd's F(4x4, 3x3), or for the gradient of the filter F(3x3, 4x4), multiplies if its products are made in
/// `type`: 36 products for every 16 results in place of 144, tiles at the border counted whole.
Arithmetic winograd_arithmetic(ConvDirection direction, const kernels::ConvShape& shape, DType type);

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
/// What the algorithm that cuDNN chooses for one of the directions multiplies; none where cuDNN does not serve, where
/// the algorithm is the formula, or where its arithmetic is not known: cuDNN does not document the tiles of its fused
/// Winograd algorithm and of its Fourier transforms.
std::optional<Arithmetic> vendor_conv_arithmetic(ConvDirection direction, const kernels::ConvShape& shape, DType dtype);
/// y = relu?(conv(x, w) + residual + bias), bias [K] of x's type, residual like y or undefined. A ReLU passes NaN on.
bool vendor_conv_bias_activation(const kernels::ConvShape& shape, const Tensor& x, const Tensor& w, const Tensor& bias,
                                 const Tensor& residual, bool relu, const Tensor& y);

}  // namespace cucurbit
