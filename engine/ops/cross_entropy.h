#pragma once

#include "engine/ops/second_labels.h"
#include "engine/tensor.h"
#include "kernels/metrics.h"

namespace cucurbit {

struct CrossEntropyOptions {
  double label_smoothing = 0;  // in [0, 1]: the share of the target spread evenly over all classes
  SecondLabels second{};       // of images that were mixed in pairs
};

/// Mean cross-entropy of softmax(logits) with labels, a scalar of type f32 (f64 for f64 logits):
///
///   1/n sum_r [ lse_r - (1 - a) x[r,y_r] - a/C sum_c x[r,c] ],  a = label_smoothing
///
///   logits   [N, C]
///   labels   i32 [N]: a class, or -100 for a row that is ignored. n counts the other rows; if it is 0, loss and
///            gradient are 0.
///   metrics  in device memory, added to; or null
///
/// The gradient is computed in the same pass. A label that is neither a class nor -100 makes the loss NaN and is
/// recorded in `metrics`. Throws Error for other shapes and types. Deterministic.
Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const CrossEntropyOptions& options = {},
                     kernels::StepMetrics* metrics = nullptr);

}  // namespace cucurbit
