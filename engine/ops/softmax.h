#pragma once

#include "engine/tensor.h"

namespace cucurbit {

/// Softmax over the last dimension, y = exp(x - max x) / sum exp(x - max x), in x's type. x has at least one dimension,
/// the last of at least one element. Differentiable. Throws Error for other shapes or element types.
Tensor softmax(const Tensor& x);

/// Logarithm of softmax over the last dimension, y = (x - max x) - ln sum exp(x - max x); otherwise as softmax.
Tensor log_softmax(const Tensor& x);

}  // namespace cucurbit
