#pragma once

#include "engine/tensor.h"

namespace cucurbit {

/// Which dimensions are summed: all, giving a scalar; the last, x [..., C] -> [...]; or all but the last, [..., C] ->
/// [C].
enum class Axes { all, last, leading };

/// Sum over `axes`, in the accumulator type of x (f32 for bf16), in a fixed order. Throws Error unless x is f32, bf16
/// or f64, and for a scalar x with axes other than all.
Tensor sum(const Tensor& x, Axes axes = Axes::all);

/// sum(x, axes) divided by the number of values in each sum; NaN where that is 0.
Tensor mean(const Tensor& x, Axes axes = Axes::all);

}  // namespace cucurbit
