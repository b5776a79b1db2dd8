#pragma once

#include <cstdint>

/// What training wants to know of its steps, kept in device memory so that the host need not wait for each of them.
namespace cucurbit::kernels {

/// Running sums since the host last cleared them (all bytes zero). The loss kernels add to them in their last
/// reduction.
struct StepMetrics {
  double loss_sum;     // of the weighted loss over all counted rows: loss_sum / samples is its mean
  double task_sum;     // of the task term alone, not weighted: the cross-entropy with the labels
  double distill_sum;  // of the distillation term alone, not weighted: T^2 KL(teacher || student)
  int64_t samples;     // rows counted: not ignored, label within the classes
  int64_t correct;     // of these, the ones whose largest logit is the label's (a NaN in the row: not correct)
  int64_t not_finite;  // of these, the ones whose loss was infinite or not a number
  int64_t bad_labels;  // rows whose label is neither ignored nor a class; they add nothing to the sums above
  int64_t bad_label;   // the first such label, valid if bad_labels > 0
  int64_t classes;     // what it should have been below
};

}  // namespace cucurbit::kernels
