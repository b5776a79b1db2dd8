#pragma once

#include "engine/tensor.h"
#include "kernels/step_state.h"

namespace cucurbit {

/// keep * x / (1 - probability), keep being 0 with this probability, else 1.
///
///   state    in device memory; the mask is a function of (seed, step, purpose, index) and is drawn again for the
///            backward pass, so that nothing is stored and a replayed graph draws a new one for every step
///   purpose  tells the dropout layers of one network apart
///
/// Throws Error unless 0 <= probability < 1.
Tensor dropout(const Tensor& x, float probability, const StepState* state, uint32_t purpose);

/// Stochastic depth: as dropout, but keep is drawn once for each x[n, ...], the first dimension being the batch.
Tensor drop_path(const Tensor& x, float probability, const StepState* state, uint32_t purpose);

}  // namespace cucurbit
