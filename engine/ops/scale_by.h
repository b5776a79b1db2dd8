#pragma once

#include "engine/step_value.h"
#include "engine/tensor.h"

namespace cucurbit {

/// factor * x, or x / factor with `reciprocal`, for a factor that may change from step to step: a captured step follows
/// the values of a table, whereas scale() would keep the number of the step that was captured. For a constant factor
/// this is scale().
///
/// Differentiable in x. Throws Error for types other than f32, bf16 and f64, and for a constant that is not finite or
/// whose reciprocal is not. Deterministic.
Tensor scale_by(const Tensor& x, const StepValue& factor, bool reciprocal = false);

}  // namespace cucurbit
