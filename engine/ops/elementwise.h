#pragma once

#include "engine/tensor.h"

/// Maps over tensors. Operands of two-operand ops are broadcast by numpy's rules: shapes are aligned at their last
/// dimensions, sizes must be equal or 1; the gradient of a broadcast operand is summed in a fixed order. All throw
/// Error for operands of different element types, of types other than f32, bf16 and f64, or of shapes that do not fit.
namespace cucurbit {

Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
/// The larger of a and b, NaN if either is NaN. Where they are equal, each receives half the gradient.
Tensor maximum(const Tensor& a, const Tensor& b);

/// factor * x + offset
Tensor scale(const Tensor& x, double factor, double offset = 0);

Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor square(const Tensor& x);
/// |x|, with derivative 0 at 0.
Tensor abs(const Tensor& x);
Tensor neg(const Tensor& x);

/// x in another element type, rounded to nearest; x itself if it has that type already. f32, bf16, f64. Losses composed
/// of ops begin with it: a teacher's logits may be f32 beside a student's in bf16.
Tensor cast(const Tensor& x, DType type);

/// [N,C,H,W] -> [N,H,W,C]; any element type but i32 and i64.
Tensor nchw_to_nhwc(const Tensor& x);
/// [N,H,W,C] -> [N,C,H,W]
Tensor nhwc_to_nchw(const Tensor& x);

}  // namespace cucurbit
