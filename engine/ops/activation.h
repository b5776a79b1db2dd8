#pragma once

#include "engine/tensor.h"
#include "kernels/activation.h"

namespace cucurbit {

/// act(x), element by element; identity returns x itself. Throws Error unless x is f32, bf16 or f64.
Tensor activate(const Tensor& x, Activation kind);

/// act(x + bias) over the last dimension, in one pass: x [..., C], bias [C] of the accumulator type of x. The gradient
/// of the bias is summed in two stages of fixed order. Throws Error for a bias of another shape or type.
Tensor bias_activation(const Tensor& x, const Tensor& bias, Activation kind);

}  // namespace cucurbit
