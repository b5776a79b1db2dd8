#include "kernels/distill_logits.h"
#include "kernels/logit_loss.cuh"

namespace cucurbit::kernels {

template <class T, class V>
void distill_logits(const T* student, const V* teacher, const int32_t* labels, const SecondLabels& second, int64_t rows,
                    int classes, const DistillWeights& weights, const LogitLossOutputs<T>& outputs,
                    cudaStream_t stream) {
  using A = acc_t<T>;
  LogitLoss<T, V> p{.student = student,
                    .teacher = teacher,
                    .labels = labels,
                    .second = second,
                    .rows = rows,
                    .cols = classes,
                    .temperature = A(weights.temperature),
                    .inverse_temperature = A(1 / weights.temperature),
                    .task_weight = A(weights.task_weight),
                    .distill_weight = A(weights.distill_weight),
                    .smoothing = A(weights.label_smoothing),
                    .gradient = outputs.gradient,
                    .row_losses = outputs.row_losses,
                    .sink = {}};
  launch_logit_loss(p, outputs, stream);
}

#define CUCURBIT_INSTANTIATE(T, V)                                                                    \
  template void distill_logits(const T*, const V*, const int32_t*, const SecondLabels&, int64_t, int, \
                               const DistillWeights&, const LogitLossOutputs<T>&, cudaStream_t);
CUCURBIT_INSTANTIATE(float, float)
CUCURBIT_INSTANTIATE(bf16, bf16)
CUCURBIT_INSTANTIATE(bf16, float)
CUCURBIT_INSTANTIATE(float, bf16)
CUCURBIT_INSTANTIATE(double, double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
