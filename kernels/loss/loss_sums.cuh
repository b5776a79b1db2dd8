#pragma once

#include <cstdint>

#include "kernels/device/reduce.cuh"
#include "kernels/device/step_value.cuh"
#include "kernels/loss/logit_loss.h"

/// From the losses of rows to one loss and the metrics, in a fixed order and in two stages: every block of a loss
/// kernel sums its own rows (finish_block), and one more block adds the sums of blocks (finish_loss).
namespace cucurbit::kernels {

/// What one block of a loss kernel found in its rows.
struct LossSums {
  double task;         // sum of the cross-entropies with the labels
  double distill;      // sum of T^2 KL(teacher || student); 0 without a teacher
  int64_t rows;        // counted: neither ignored nor badly labelled
  int64_t correct;     // of these, the ones whose largest logit is the label's
  int64_t not_finite;  // of these, the ones whose loss is infinite or not a number
  int64_t bad;         // rows whose label is neither ignored nor a class
  int64_t first_bad;   // the first such row, INT64_MAX if there is none
};

/// Where the sums go.
template <class A>
struct LossSink {
  A* loss;
  StepMetrics* metrics;    // or null
  LossSums* partial;       // one a block
  const int64_t* counted;  // number of counted rows, or null: every block counts the labels for itself
  StepValue<double> task_weight{.constant = 1}, distill_weight{.constant = 0};
};

/// Host: where the results go; counts the labels first where every block would have many to count.
template <class T>
LossSink<acc_t<T>> begin_loss(const LogitLossOutputs<T>& outputs, const int32_t* labels, const SecondLabels& second,
                              int64_t rows, int classes, cudaStream_t stream);

/// Host: the second stage, after a loss kernel of `blocks` blocks that ended with finish_block.
template <class A>
void finish_loss(const LossSink<A>& sink, int64_t blocks, const int32_t* labels, int classes, cudaStream_t stream);

struct Minimum {
  template <class A>
  __device__ __forceinline__ A operator()(A a, A b) const {
    return math::min(a, b);
  }
};

__device__ __forceinline__ LossSums no_rows() { return {0, 0, 0, 0, 0, 0, INT64_MAX}; }

__device__ __forceinline__ LossSums combine(const LossSums& a, const LossSums& b) {
  return {a.task + b.task,
          a.distill + b.distill,
          a.rows + b.rows,
          a.correct + b.correct,
          a.not_finite + b.not_finite,
          a.bad + b.bad,
          math::min(a.first_bad, b.first_bad)};
}

/// Adds a counted row: its two terms, not weighted, and its loss, weighted, which only has to be finite.
template <class A>
__device__ __forceinline__ void add_row(LossSums& sums, A task, A distill, A loss, bool correct) {
  sums.task += task;
  sums.distill += distill;
  ++sums.rows;
  sums.correct += correct;
  sums.not_finite += !(loss - loss == 0);  // the difference is 0 for finite numbers, else NaN
}

/// Adds a row whose label is neither ignored nor a class.
__device__ __forceinline__ void add_bad_row(LossSums& sums, int64_t row) {
  ++sums.bad;
  sums.first_bad = math::min(row, sums.first_bad);
}

/// The sums of all threads of the block. Every thread of the block calls it: each block_sum has two barriers.
template <int kThreads>
__device__ __forceinline__ LossSums block_total(const LossSums& own) {
  return {block_sum<kThreads>(own.task),
          block_sum<kThreads>(own.distill),
          block_sum<kThreads>(own.rows),
          block_sum<kThreads>(own.correct),
          block_sum<kThreads>(own.not_finite),
          block_sum<kThreads>(own.bad),
          block_reduce<kThreads>(own.first_bad, Minimum{})};
}

/// Number of rows whose labels name classes; all rows if there are no labels. Every thread of the block calls it and
/// gets the number.
template <int kThreads>
__device__ __forceinline__ int64_t count_labelled(const int32_t* labels, const int32_t* second, int64_t rows,
                                                  int classes) {
  if (!labels) return rows;
  if (!second) second = labels;
  int64_t count = 0;
  // As an unsigned number a negative label is larger than any class, so one comparison serves both ends.
  for (int64_t i : strided<kThreads>(rows))
    count += unsigned(labels[i]) < unsigned(classes) && unsigned(second[i]) < unsigned(classes);
  return block_sum<kThreads>(count);
}

/// The share of a row in the mean over rows: 1 / counted rows, 0 if there are none.
template <int kThreads, class A>
__device__ __forceinline__ A row_share(const LossSink<A>& sink, const int32_t* labels, const int32_t* second,
                                       int64_t rows, int classes) {
  const int64_t counted = sink.counted ? *sink.counted : count_labelled<kThreads>(labels, second, rows, classes);
  return counted > 0 ? A(1) / A(counted) : A(0);
}

/// One thread: writes the loss and adds to the metrics.
template <class A>
__device__ __forceinline__ void write_loss(const LossSums& sums, const LossSink<A>& sink, const int32_t* labels,
                                           int classes) {
  // A term of weight 0 is left out, for it may be infinite.
  const double task_weight = read(sink.task_weight), distill_weight = read(sink.distill_weight);
  const double task = task_weight == 0 ? 0 : task_weight * sums.task;
  const double distill = distill_weight == 0 ? 0 : distill_weight * sums.distill;
  const double mean = sums.rows > 0 ? (task + distill) / double(sums.rows) : 0;
  *sink.loss = A(sums.bad > 0 ? NAN : mean);
  StepMetrics* metrics = sink.metrics;
  if (!metrics) return;
  metrics->loss_sum += task + distill;
  metrics->task_sum += sums.task;
  metrics->distill_sum += sums.distill;
  metrics->samples += sums.rows;
  metrics->correct += sums.correct;
  metrics->not_finite += sums.not_finite;
  if (sums.bad > 0 && metrics->bad_labels == 0) {
    metrics->bad_label = labels[sums.first_bad];
    metrics->classes = classes;
  }
  metrics->bad_labels += sums.bad;
}

/// The end of a loss kernel. All threads of the block call it with the sums of their own rows. A lone block writes the
/// loss at once; otherwise finish_loss does.
template <int kThreads, class A>
__device__ __forceinline__ void finish_block(const LossSums& own, const LossSink<A>& sink, const int32_t* labels,
                                             int classes) {
  const LossSums sums = block_total<kThreads>(own);
  if (thread_index<kThreads>() != 0) return;
  if (gridDim.x == 1)
    write_loss(sums, sink, labels, classes);
  else
    sink.partial[blockIdx.x] = sums;
}

}  // namespace cucurbit::kernels
