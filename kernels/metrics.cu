#include "kernels/device/launch.h"
#include "kernels/metrics.h"

namespace cucurbit::kernels {

template <int kThreads, class A>
__global__ void add_to_metrics_kernel(const A* mean_loss, int64_t samples, StepMetrics* metrics) {
  const double loss = *mean_loss;
  metrics->loss_sum += loss * double(samples);
  metrics->samples += samples;
  if (!(loss - loss == 0)) metrics->not_finite += samples;
}

template <class A>
void add_to_metrics(const A* mean_loss, int64_t samples, StepMetrics* metrics, cudaStream_t stream) {
  launch<1>(CUCURBIT_KERNEL(add_to_metrics_kernel, A), 1, stream, mean_loss, samples, metrics);
}

template void add_to_metrics(const float*, int64_t, StepMetrics*, cudaStream_t);
template void add_to_metrics(const double*, int64_t, StepMetrics*, cudaStream_t);

}  // namespace cucurbit::kernels
