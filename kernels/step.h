#pragma once

#include "kernels/step_state.h"
#include "kernels/types.h"

namespace cucurbit::kernels {

/// state = state->next(batches_per_epoch), in device memory. batches_per_epoch >= 1.
void advance(StepState* state, int64_t batches_per_epoch, cudaStream_t stream);

/// series[state->micro_batch] = *value if that is below `count`: a history that the host reads when it likes.
///
///   value [1], state, series f32 [count]: device memory.   A: float, double
template <class A>
void keep_value(const A* value, const StepState* state, float* series, int64_t count, cudaStream_t stream);

}  // namespace cucurbit::kernels
