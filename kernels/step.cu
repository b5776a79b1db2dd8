#include "kernels/host/launch.h"
#include "kernels/step.h"

namespace cucurbit::kernels {

template <int kThreads>
__global__ void advance_kernel(StepState* state, int64_t batches_per_epoch) {
  static_assert(kThreads == 1);
  *state = state->next(batches_per_epoch);
}

template <int kThreads, class A>
__global__ void keep_value_kernel(const A* value, const StepState* state, float* series, int64_t count) {
  static_assert(kThreads == 1);
  if (state->micro_batch < count) series[state->micro_batch] = float(*value);
}

void advance(StepState* state, int64_t batches_per_epoch, cudaStream_t stream) {
  launch<1>(CUCURBIT_KERNEL(advance_kernel), 1, stream, state, batches_per_epoch);
}

template <class A>
void keep_value(const A* value, const StepState* state, float* series, int64_t count, cudaStream_t stream) {
  launch<1>(CUCURBIT_KERNEL(keep_value_kernel, A), 1, stream, value, state, series, count);
}

template void keep_value(const float*, const StepState*, float*, int64_t, cudaStream_t);
template void keep_value(const double*, const StepState*, float*, int64_t, cudaStream_t);

}  // namespace cucurbit::kernels
