#include "kernels/cross_entropy.h"
#include "kernels/logit_loss.cuh"

namespace cucurbit::kernels {

template <class T>
void cross_entropy(const T* logits, const int32_t* labels, const SecondLabels& second, int64_t rows, int classes,
                   double label_smoothing, const LogitLossOutputs<T>& outputs, cudaStream_t stream) {
  using A = acc_t<T>;
  LogitLoss<T, NoTeacher> p{.student = logits,
                            .teacher = nullptr,
                            .labels = labels,
                            .second = second,
                            .rows = rows,
                            .cols = classes,
                            .temperature = 1,
                            .inverse_temperature = 1,
                            .task_weight = 1,
                            .distill_weight = 0,
                            .smoothing = A(label_smoothing),
                            .gradient = outputs.gradient,
                            .row_losses = outputs.row_losses,
                            .sink = {}};
  launch_logit_loss(p, outputs, stream);
}

template <int kThreads, class T>
__global__ void scale_by_kernel(const acc_t<T>* factor, T* y, int64_t n) {
  const acc_t<T> by = *factor;
  if (by == 1) return;
  for (int64_t i : tile_of<kThreads>(n)) y[i] = from_acc<T>(to_acc(y[i]) * by);
}

template <class T>
void scale_by(const acc_t<T>* factor, T* y, int64_t n, cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(scale_by_kernel, T), blocks_for(n, kTile), stream, factor, y, n);
}

size_t logit_loss_workspace(int64_t rows, int classes) {
  return 2 * sizeof(int64_t) + size_t(logit_loss_blocks(rows, classes)) * sizeof(LossSums);
}

#define CUCURBIT_INSTANTIATE(T)                                                                    \
  template void cross_entropy(const T*, const int32_t*, const SecondLabels&, int64_t, int, double, \
                              const LogitLossOutputs<T>&, cudaStream_t);                           \
  template void scale_by(const acc_t<T>*, T*, int64_t, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
