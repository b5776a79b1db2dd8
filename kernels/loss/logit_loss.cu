#include "kernels/host/launch.h"
#include "kernels/loss/logit_loss.h"
#include "kernels/loss/loss_sums.cuh"
#include "kernels/row_tile.cuh"

namespace cucurbit::kernels {

template <int kThreads>
__global__ void count_labelled_kernel(const int32_t* labels, const int32_t* second, int64_t rows, int classes,
                                      int64_t* count) {
  const int64_t found = count_labelled<kThreads>(labels, second, rows, classes);
  if (thread_index<kThreads>() == 0) *count = found;
}

/// One block adds the sums of all blocks of a loss kernel: each thread every kThreads-th of them in ascending order,
/// then the threads among themselves. The order depends on the number of blocks alone.
template <int kThreads, class A>
__global__ void write_loss_kernel(LossSink<A> sink, int blocks, const int32_t* labels, int classes) {
  LossSums own = no_rows();
  for (int b : strided<kThreads>(blocks)) own = combine(own, sink.partial[b]);
  const LossSums sums = block_total<kThreads>(own);
  if (thread_index<kThreads>() == 0) write_loss(sums, sink, labels, classes);
}

template <int kThreads, class T>
__global__ void scale_gradient_kernel(const acc_t<T>* factor, T* gradient, int64_t n) {
  const acc_t<T> by = *factor;
  if (by == 1) return;
  for (int64_t i : tile_of<kThreads>(n)) gradient[i] = from_acc<T>(to_acc(gradient[i]) * by);
}

namespace {
/// Up to this many rows every block counts the labels for itself, which costs less than a launch.
constexpr int64_t kCountInBlock = 4096;

/// The most blocks that a loss kernel has: one a row where a row is too long for registers, see kMostTileColumns.
int64_t most_blocks(int64_t rows, int classes) {
  return classes > kMostTileColumns<double> ? rows : blocks_for(rows, rows_per_block(classes));
}
}  // namespace

/// The workspace: the number of counted rows, padded to 16 bytes, then the sums of each block.
size_t logit_loss_workspace(int64_t rows, int classes) {
  return 2 * sizeof(int64_t) + size_t(most_blocks(rows, classes)) * sizeof(LossSums);
}

template <class T>
LossSink<acc_t<T>> begin_loss(const LogitLossOutputs<T>& outputs, const int32_t* labels, const SecondLabels& second,
                              int64_t rows, int classes, cudaStream_t stream) {
  auto* counted = static_cast<int64_t*>(outputs.workspace);
  const bool count_first = outputs.gradient && labels && rows > kCountInBlock;
  if (count_first)
    launch<1024>(CUCURBIT_KERNEL(count_labelled_kernel), 1, stream, labels, second.labels, rows, classes, counted);
  return {.loss = outputs.loss,
          .metrics = outputs.metrics,
          .partial = reinterpret_cast<LossSums*>(counted + 2),
          .counted = count_first ? counted : nullptr};
}

template <class A>
void finish_loss(const LossSink<A>& sink, int64_t blocks, const int32_t* labels, int classes, cudaStream_t stream) {
  if (blocks != 1)  // a lone block has written the loss; without any block it is 0
    launch<256>(CUCURBIT_KERNEL(write_loss_kernel, A), 1, stream, sink, int(blocks), labels, classes);
}

template <class T>
void scale_gradient(const acc_t<T>* factor, T* gradient, int64_t n, cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(scale_gradient_kernel, T), blocks_for(n, kTile), stream, factor, gradient, n);
}

#define CUCURBIT_INSTANTIATE(T)                                                                                    \
  template LossSink<acc_t<T>> begin_loss(const LogitLossOutputs<T>&, const int32_t*, const SecondLabels&, int64_t, \
                                         int, cudaStream_t);                                                       \
  template void scale_gradient(const acc_t<T>*, T*, int64_t, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

template void finish_loss(const LossSink<float>&, int64_t, const int32_t*, int, cudaStream_t);
template void finish_loss(const LossSink<double>&, int64_t, const int32_t*, int, cudaStream_t);

}  // namespace cucurbit::kernels
