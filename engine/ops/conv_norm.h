#pragma once

#include "engine/ops/conv2d.h"
#include "kernels/activation.h"

/// A convolution and the batch normalisation after it in one pass over the maps, for inference: y = act(norm(conv2d(x,
/// filter, bias)) + residual). The norm is folded into the filters and the bias, and one call of cuDNN convolves, adds
/// and activates. Not differentiable. The result differs from that of the unfused ops by rounding, in bf16 because the
/// filters are rounded after folding.
namespace cucurbit {

/// The parameters and running statistics of a batch normalisation, [K] of the accumulator type.
struct FrozenNorm {
  Tensor gamma, beta, mean, variance;
  double epsilon = 1e-5;
};

/// The convolution that equals a convolution followed by a norm.
struct FoldedConv {
  Tensor filter;  // [K,R,S,C/groups]
  Tensor bias;    // [K]

  explicit operator bool() const { return bool(filter); }
};

/// Folds `norm` into the masters `filter` [K,R,S,C/groups] (f32) and `bias` [K] (f32, or undefined), for inputs of type
/// `compute`, f32 or bf16 (kernels/fold_norm.h). Throws Error for a filter or bias of another shape or type.
FoldedConv fold_conv_norm(const Tensor& filter, const Tensor& bias, const FrozenNorm& norm, DType compute);

/// True if folded_conv may be called: the activation is ReLU, or identity without a residual; x is f32 or bf16 and
/// holds at least one image; math_mode() is vendor.
bool folds_conv_norm(const Tensor& x, Activation activation, const Tensor& residual);

/// act(conv2d(x, folded) + residual); x [N,H,W,C]; residual [N,P,Q,K] of x's type or undefined. Call only if
/// folds_conv_norm(). Returns an undefined tensor and does nothing where no single call of cuDNN computes this, as in
/// builds without cuDNN.
Tensor folded_conv(const Tensor& x, const FoldedConv& folded, const Conv2dGeometry& geometry, Activation activation,
                   const Tensor& residual);

}  // namespace cucurbit
