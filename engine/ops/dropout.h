#pragma once

#include "engine/tensor.h"
#include "kernels/step_state.h"

namespace cucurbit {

/// keep * x / (1 - probability), where keep is 0 with this probability and otherwise 1, for each element.
///
///   state    in device memory. The mask is a function of (seed, step, purpose, index). The backward pass computes it
///            again, so that nothing is stored, and a replayed graph draws a new mask in every step.
///   purpose  distinguishes the dropout layers of one network
///
/// Throws Error unless 0 <= probability < 1.
Tensor dropout(const Tensor& x, float probability, const StepState* state, uint32_t purpose);

/// Stochastic depth: as dropout, but keep is drawn once for each sample x[n, ...].
Tensor drop_path(const Tensor& x, float probability, const StepState* state, uint32_t purpose);

}  // namespace cucurbit
