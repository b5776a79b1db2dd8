#pragma once

#include "engine/tensor.h"
#include "kernels/loss/logit_loss.h"

namespace cucurbit {

/// The second labels of a batch whose images were mixed in pairs (mixup, cutmix): the cross-entropy of a row is w times
/// that with its own label plus 1 - w times that with its second label. Undefined if no images are mixed.
struct SecondLabels {
  Tensor labels;  // i32 [N]
  Tensor weight;  // f32 [1]: w

  explicit operator bool() const { return bool(labels); }
};

/// `second` as kernels take it. Throws Error naming `op` unless it is undefined, or matches `labels`.
kernels::SecondLabels second_labels(const char* op, const Tensor& labels, const SecondLabels& second);

}  // namespace cucurbit
