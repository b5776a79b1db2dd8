#pragma once

#include <cstdint>

#include "kernels/device/reduce.cuh"
#include "kernels/logit_loss.h"

/// The second stage of a loss on logits: from the sums of blocks to one loss and the metrics, in a fixed order.
namespace cucurbit::kernels {

template <class A>
struct LossSink {
  A* loss;
  StepMetrics* metrics;    // or null
  LossSums* partial;       // one a block
  const int64_t* counted;  // number of counted rows, or null: every block counts the labels for itself
  double task_weight, distill_weight;
};

struct Minimum {
  template <class A>
  __device__ __forceinline__ A operator()(A a, A b) const {
    return math::min(a, b);
  }
};

__device__ __forceinline__ LossSums no_rows() { return {0, 0, 0, 0, 0, 0, INT64_MAX}; }

template <int kThreads>
__device__ __forceinline__ LossSums block_total(const LossSums& own) {
  return {block_sum<kThreads>(own.hard),
          block_sum<kThreads>(own.soft),
          block_sum<kThreads>(own.rows),
          block_sum<kThreads>(own.correct),
          block_sum<kThreads>(own.not_finite),
          block_sum<kThreads>(own.bad),
          block_reduce<kThreads>(own.first_bad, Minimum{})};
}

/// Number of rows whose labels name classes; all rows if there are no labels. Every thread of the block gets it.
template <int kThreads>
__device__ __forceinline__ int64_t count_labelled(const int32_t* labels, const int32_t* second, int64_t rows,
                                                  int classes) {
  if (!labels) return rows;
  if (!second) second = labels;
  int64_t count = 0;
  for (int64_t i : strided<kThreads>(rows))
    count += unsigned(labels[i]) < unsigned(classes) && unsigned(second[i]) < unsigned(classes);
  return block_sum<kThreads>(count);
}

/// 1 / counted rows, 0 if there are none.
template <int kThreads, class A>
__device__ __forceinline__ A gradient_share(const LossSink<A>& sink, const int32_t* labels, const int32_t* second,
                                            int64_t rows, int classes) {
  const int64_t counted = sink.counted ? *sink.counted : count_labelled<kThreads>(labels, second, rows, classes);
  return counted > 0 ? A(1) / A(counted) : A(0);
}

/// One thread: writes the loss and adds to the metrics.
template <class A>
__device__ __forceinline__ void deliver(const LossSums& sums, const LossSink<A>& sink, const int32_t* labels,
                                        int classes) {
  const double hard = sink.task_weight == 0 ? 0 : sink.task_weight * sums.hard;
  const double soft = sink.distill_weight == 0 ? 0 : sink.distill_weight * sums.soft;
  const double mean = sums.rows > 0 ? (hard + soft) / double(sums.rows) : 0;
  *sink.loss = A(sums.bad > 0 ? NAN : mean);
  StepMetrics* metrics = sink.metrics;
  if (!metrics) return;
  metrics->loss_sum += hard + soft;
  metrics->hard_sum += sums.hard;
  metrics->soft_sum += sums.soft;
  metrics->samples += sums.rows;
  metrics->correct += sums.correct;
  metrics->not_finite += sums.not_finite;
  if (sums.bad > 0 && metrics->bad_labels == 0) {
    metrics->bad_label = labels[sums.first_bad];
    metrics->classes = classes;
  }
  metrics->bad_labels += sums.bad;
}

/// End of a loss kernel. All threads of the block call it with the sums of their own rows. A lone block delivers at
/// once; otherwise deliver_loss_kernel follows.
template <int kThreads, class A>
__device__ __forceinline__ void finish_block(const LossSums& own, const LossSink<A>& sink, const int32_t* labels,
                                             int classes) {
  const LossSums sums = block_total<kThreads>(own);
  if (thread_index<kThreads>() != 0) return;
  if (gridDim.x == 1)
    deliver(sums, sink, labels, classes);
  else
    sink.partial[blockIdx.x] = sums;
}

}  // namespace cucurbit::kernels
