#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/types.h"

/// What training wants to know of its steps, kept in device memory so that the host need not wait for each of them.
namespace cucurbit::kernels {

/// Running sums since the host last cleared them (all bytes zero). The loss kernels add to them in their last
/// reduction.
struct StepMetrics {
  double loss_sum;     // of the weighted loss over all counted rows: loss_sum / samples is its mean
  double hard_sum;     // of the cross-entropy with the labels
  double soft_sum;     // of T^2 KL(teacher || student)
  int64_t samples;     // rows counted: not ignored, label within the classes
  int64_t correct;     // of these, the ones whose largest logit is the label's (a NaN in the row: not correct)
  int64_t not_finite;  // of these, the ones whose loss was infinite or not a number
  int64_t bad_labels;  // rows whose label is neither ignored nor a class; they add nothing to the sums above
  int64_t bad_label;   // the first such label, valid if bad_labels > 0
  int64_t classes;     // what it should have been below
};

/// What one block of a loss kernel found in its rows.
struct LossSums {
  double hard, soft;
  int64_t rows, correct, not_finite, bad, first_bad;  // first_bad: its row, INT64_MAX if bad is 0
};

/// Adds one evaluated batch to `metrics`: mean_loss * samples, and the counts. For losses that are not sums over rows.
///
///   metrics        device memory, accumulated; mean_loss  device memory, one value
///
/// A single thread: deterministic.
template <class A>
void add_to_metrics(const A* mean_loss, int64_t samples, StepMetrics* metrics, cudaStream_t stream);

}  // namespace cucurbit::kernels
