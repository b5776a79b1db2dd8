#pragma once

#include "kernels/device/launch.h"
#include "kernels/logit_loss_long.cuh"
#include "kernels/logit_loss_short.cuh"

/// Launches of the losses on logits, shared by cross_entropy and distill_logits.
namespace cucurbit::kernels {

template <int kThreads, class A>
__global__ void deliver_loss_kernel(LossSink<A> sink, int blocks, const int32_t* labels, int classes) {
  LossSums own = no_rows();
  for (int b : strided<kThreads>(blocks)) {
    const LossSums& part = sink.partial[b];
    own = {own.hard + part.hard,
           own.soft + part.soft,
           own.rows + part.rows,
           own.correct + part.correct,
           own.not_finite + part.not_finite,
           own.bad + part.bad,
           math::min(own.first_bad, part.first_bad)};
  }
  const LossSums sums = block_total<kThreads>(own);
  if (thread_index<kThreads>() == 0) deliver(sums, sink, labels, classes);
}

template <int kThreads>
__global__ void count_labelled_kernel(const int32_t* labels, const int32_t* second, int64_t rows, int classes,
                                      int64_t* count) {
  const int64_t found = count_labelled<kThreads>(labels, second, rows, classes);
  if (thread_index<kThreads>() == 0) *count = found;
}

/// Up to this many rows every block counts the labels for itself, which costs less than a launch.
inline constexpr int64_t kCountInBlock = 4096;
/// The most columns held in registers: 256 in double precision, where 1024 would spill.
template <class A>
inline constexpr int kMostColumns = std::is_same_v<A, double> ? 256 : 1024;

/// Blocks of the loss kernel, at most.
inline int64_t logit_loss_blocks(int64_t rows, int classes) {
  return classes > kMostColumns<double> ? rows : blocks_for(rows, rows_per_block(classes));
}

/// Fills in where the sums go, and launches everything.
template <class T, class V>
void launch_logit_loss(LogitLoss<T, V> p, const LogitLossOutputs<T>& outputs, cudaStream_t stream) {
  using A = acc_t<T>;
  auto* counted = static_cast<int64_t*>(outputs.workspace);
  const bool count_first = p.gradient && p.labels && p.rows > kCountInBlock;
  p.sink = {outputs.loss,
            outputs.metrics,
            reinterpret_cast<LossSums*>(counted + 2),
            count_first ? counted : nullptr,
            double(p.task_weight),
            double(p.distill_weight)};
  if (count_first)
    launch<1024>(CUCURBIT_KERNEL(count_labelled_kernel), 1, stream, p.labels, p.second.labels, p.rows, p.cols, counted);

  const int rows_in_block = rows_per_block(p.cols);
  int64_t blocks = blocks_for(p.rows, rows_in_block);
  const bool in_registers = with_row_tile<kMostColumns<A>>(p.cols, [&]<int kLanesPerRow, int kPerLane>() {
    launch<256>(CUCURBIT_KERNEL(logit_loss_kernel, kLanesPerRow, kPerLane, T, V), blocks, stream, p, rows_in_block);
  });
  if (!in_registers) {
    blocks = p.rows;
    launch<256>(CUCURBIT_KERNEL(long_logit_loss_kernel, T, V), blocks, stream, p);
  }
  if (blocks != 1)  // a lone block has delivered; no block at all: loss 0
    launch<256>(CUCURBIT_KERNEL(deliver_loss_kernel, A), 1, stream, p.sink, int(blocks), p.labels, p.cols);
}

}  // namespace cucurbit::kernels
