#pragma once

#include "engine/tensor.h"

namespace cucurbit {

/// Throws Error unless `bias` is undefined or [outputs] of the accumulator type of x.
void expect_bias(const char* op, const Tensor& bias, int64_t outputs, const Tensor& x);

/// Adds the sum of dy [..., cols] over all but its last dimension to the gradient of bias [cols], if that is needed.
void pass_bias_gradient(const Tensor& bias, const Tensor& dy);

}  // namespace cucurbit
