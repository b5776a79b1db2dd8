#pragma once

#include "engine/ops/conv2d.h"
#include "kernels/activation.h"

/// A convolution and the batch normalisation behind it in one pass over the maps, for inference: y = act(norm(conv2d(x,
/// filter, bias)) + residual). The norm is folded into the filters and the bias, and one call of cuDNN convolves, adds
/// and activates. Not differentiable. Against the unfused ops the result differs by rounding, in bf16 because filters
/// are rounded once folded.
namespace cucurbit {

/// The parameters and running statistics of a batch normalisation, [K] of the accumulator type.
struct FrozenNorm {
  Tensor gamma, beta, mean, variance;
  double epsilon = 1e-5;
};

/// A convolution that does what a convolution and a norm did.
struct FoldedConv {
  Tensor filter;  // [K,R,S,C/groups]
  Tensor bias;    // [K]

  explicit operator bool() const { return bool(filter); }
};

/// Folds `norm` into the masters `filter` [K,R,S,C/groups] (f32) and `bias` [K] (f32, or undefined), for inputs of type
/// `compute`, f32 or bf16 (kernels/fold_norm.h). Throws Error where filter or bias are not as said.
FoldedConv fold_conv_norm(const Tensor& filter, const Tensor& bias, const FrozenNorm& norm, DType compute);

/// True where folded_conv may serve: no activation without a residual, or ReLU; f32 or bf16; math_mode() vendor; at
/// least one image.
bool folds_conv_norm(const Tensor& x, Activation activation, const Tensor& residual);

/// act(conv2d(x, folded) + residual); x [N,H,W,C]; residual [N,P,Q,K] of x's type or undefined. Undefined, and nothing
/// done, where no single call serves (builds without cuDNN among others). Call only where folds_conv_norm.
Tensor folded_conv(const Tensor& x, const FoldedConv& folded, const Conv2dGeometry& geometry, Activation activation,
                   const Tensor& residual);

}  // namespace cucurbit
