#pragma once

#include "engine/tensor.h"

/// Counting hits. Nothing here is differentiable.
namespace cucurbit {

/// Index of the largest value of each row, the lowest of equals, -1 for a row with a NaN: i32 [N] from logits [N, C].
Tensor argmax(const Tensor& logits);

/// Running hits of a classifier, kept on the device until they are asked for.
class Accuracy {
 public:
  struct Counts {
    int64_t rows, top1, top_k;
  };

  explicit Accuracy(int k = 5);

  /// Adds a batch: logits [N, C], labels i32 [N]. Rows labelled -100 do not count. Does not wait for the device.
  void add(const Tensor& logits, const Tensor& labels);

  /// The sums since construction or the last take; clears them. Waits for the device.
  Counts take();

 private:
  int k_;
  Tensor counts_;
};

/// i64 [classes, classes]: how often rows of label i (first index) were predicted as j. Rows whose label or prediction
/// is no class are left out. predicted, labels i32 [N].
Tensor confusion_matrix(const Tensor& predicted, const Tensor& labels, int classes);

}  // namespace cucurbit
