#pragma once

#include "engine/step_value.h"
#include "engine/tensor.h"

namespace cucurbit {

/// factor * x, or x / factor with `reciprocal`, where the factor may change from step to step: a captured step follows
/// a table, where scale() would keep the number of the step that was captured. A constant factor is scale's.
///
/// Differentiable in x. Throws Error for types other than f32, bf16 and f64, and for a constant that is not finite or
/// whose reciprocal is not. Deterministic.
Tensor scale_by(const Tensor& x, const StepValue& factor, bool reciprocal = false);

}  // namespace cucurbit
