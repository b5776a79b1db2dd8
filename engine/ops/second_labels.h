#pragma once

#include "engine/tensor.h"
#include "kernels/loss/logit_loss.h"

namespace cucurbit {

/// The labels of a batch whose images were mixed in pairs (mixup, cutmix): the cross-entropy of a row is w times that
/// with its own label plus 1 - w times that with the second. Undefined where nothing is mixed.
struct SecondLabels {
  Tensor labels;  // i32 [N]
  Tensor weight;  // f32 [1]: w

  explicit operator bool() const { return bool(labels); }
};

/// Throws Error naming `op` unless `second` is undefined, or fits `labels`.
kernels::SecondLabels second_labels(const char* op, const Tensor& labels, const SecondLabels& second);

}  // namespace cucurbit
