#pragma once

#include "kernels/step_value.h"
#include "kernels/types.h"

namespace cucurbit::kernels {

/// y[i] = f * x[i], or y[i] += with `accumulate`; f is the factor of the step, or its reciprocal with `reciprocal`,
/// rounded to acc_t<T>. A captured launch follows a table as the step counter advances.
///
///   x, y [n]; y may be x if not accumulating.
///
/// T: float, bf16 (computed in float), double. Deterministic.
template <class T>
void scale_by(const T* x, T* y, int64_t n, const StepValue<double>& factor, bool reciprocal, bool accumulate,
              cudaStream_t stream);

}  // namespace cucurbit::kernels
