#pragma once

#include "engine/ops/conv2d.h"
#include "kernels/activation.h"

namespace cucurbit {

/// The parameters and running statistics of a batch normalisation, [K] of the accumulator type.
struct FrozenNorm {
  Tensor gamma, beta, mean, variance;
  double epsilon = 1e-5;
};

/// y = act(norm(conv2d(x, filter, bias)) + residual) in one pass over the maps, for inference: the norm is folded into
/// the filters and the bias, and one call of cuDNN convolves, adds and activates.
///
///   x [N,H,W,C]; filter [K,R,S,C/groups], the masters (f32); bias [K] (f32) or undefined; residual [N,P,Q,K] of x's
///   type or undefined.
///
/// Not differentiable. Undefined, and nothing done, where no single call serves: other activations than ReLU and none,
/// f64, math_mode() own, builds without cuDNN, and a residual without a ReLU. Unfused: batch_norm(conv2d(x, filter,
/// bias), ..., {.training = false}, residual); the two differ by rounding, in bf16 because filters are rounded once
/// folded. Throws Error where filter or bias are not as said.
Tensor conv_norm_inference(const Tensor& x, const Tensor& filter, const Tensor& bias, const Conv2dGeometry& geometry,
                           const FrozenNorm& norm, Activation activation, const Tensor& residual);

}  // namespace cucurbit
