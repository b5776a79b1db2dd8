#pragma once

#include "engine/tensor.h"
#include "kernels/activation.h"

namespace cucurbit {

/// A dense layer, y = act(x W^T + b).
///
///   x [N, in], weight [out, in] of x's type; bias [out] of its accumulator type, or undefined; y [N, out]. N may be 0.
///
/// One product, then bias and activation in one pass, in place unless the activation needs its input for the gradient.
/// Gradients flow to x, weight (in f32 if the parameter's gradient is f32) and bias. Throws Error if shapes or types do
/// not match. Unfused: activate(add(matmul(x, transpose(weight)), bias)).
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              Activation activation = Activation::identity);

}  // namespace cucurbit
