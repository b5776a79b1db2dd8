#pragma once

#include <optional>

#include "engine/ops/conv2d.h"
#include "engine/runtime/op_scope.h"
#include "kernels/conv.h"

/// The two implementations that conv2d chooses from, and what they share. The formulas are those of kernels/conv.h.
namespace cucurbit {

/// The sizes of a convolution as kernels take them. Throws Error as conv2d_output_shape does.
kernels::ConvShape conv_shape(const Shape& x, const Shape& filter, const Conv2dGeometry& geometry);

enum class ConvDirection { forward, data_gradient, filter_gradient };

/// Describes a convolution to listeners; the description is the same for all directions. `used` is the arithmetic of an
/// algorithm other than the formula, `residuals` the number of further arrays of the size of y that are read.
OpDescription describe_conv(const kernels::ConvShape& shape, DType dtype, const std::optional<Arithmetic>& used,
                            int residuals = 0);

/// The arithmetic of Winograd's F(4x4, 3x3), or F(3x3, 4x4) for the filter gradient, with products in `type`: 36
/// products instead of 144 for every 16 results, with incomplete tiles at the border counted as complete ones.
Arithmetic winograd_arithmetic(ConvDirection direction, const kernels::ConvShape& shape, DType type);

/// Our own kernels, with direct ones for depthwise shapes. dw may have the accumulator type of x.
void own_conv_forward(const kernels::ConvShape& shape, const Tensor& x, const Tensor& w, const Tensor& y);
void own_conv_data_gradient(const kernels::ConvShape& shape, const Tensor& w, const Tensor& dy, const Tensor& dx,
                            bool accumulate);
void own_conv_filter_gradient(const kernels::ConvShape& shape, const Tensor& x, const Tensor& dy, const Tensor& dw,
                              bool accumulate);

/// cuDNN. Each function returns false and does nothing where cuDNN is not applicable: f64 (it has no NHWC filters of
/// doubles), empty batches, shapes without a deterministic algorithm, builds without cuDNN. dw has the type of x.
bool vendor_conv_forward(const kernels::ConvShape& shape, const Tensor& x, const Tensor& w, const Tensor& y);
bool vendor_conv_data_gradient(const kernels::ConvShape& shape, const Tensor& w, const Tensor& dy, const Tensor& dx,
                               bool accumulate);
bool vendor_conv_filter_gradient(const kernels::ConvShape& shape, const Tensor& x, const Tensor& dy, const Tensor& dw,
                                 bool accumulate);
/// The arithmetic of the algorithm that cuDNN chooses for a direction; nothing where cuDNN is not applicable, where the
/// algorithm is the formula, or where its arithmetic is not known: cuDNN does not document the tiles of its fused
/// Winograd algorithm and of its Fourier transforms.
std::optional<Arithmetic> vendor_conv_arithmetic(ConvDirection direction, const kernels::ConvShape& shape, DType dtype);
/// y = conv(x, w) + residual + bias, followed by ReLU, which propagates NaN, if `relu`. bias is [K] of x's type;
/// residual has the shape and type of y, or is undefined.
bool vendor_conv_bias_activation(const kernels::ConvShape& shape, const Tensor& x, const Tensor& w, const Tensor& bias,
                                 const Tensor& residual, bool relu, const Tensor& y);

}  // namespace cucurbit
