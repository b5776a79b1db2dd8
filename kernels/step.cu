#include "kernels/device/launch.h"
#include "kernels/step.h"

namespace cucurbit::kernels {

template <int kThreads>
__global__ void advance_kernel(StepState* state, int64_t batches_per_epoch) {
  static_assert(kThreads == 1);
  ++state->step;
  if (++state->batch < batches_per_epoch) return;
  state->batch = 0;
  ++state->epoch;
}

void advance(StepState* state, int64_t batches_per_epoch, cudaStream_t stream) {
  launch<1>(CUCURBIT_KERNEL(advance_kernel), 1, stream, state, batches_per_epoch);
}

}  // namespace cucurbit::kernels
