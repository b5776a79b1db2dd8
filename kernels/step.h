#pragma once

#include "kernels/step_state.h"
#include "kernels/types.h"

namespace cucurbit::kernels {

/// Moves `state`, in device memory, to the next training step: step and batch grow by one; after batches_per_epoch
/// batches, batch returns to 0 and epoch grows by one. batches_per_epoch >= 1.
void advance(StepState* state, int64_t batches_per_epoch, cudaStream_t stream);

}  // namespace cucurbit::kernels
