#pragma once

#include "kernels/device/numeric.cuh"
#include "kernels/loss/logit_loss.h"

/// What the labels of a row say. A row has one label, or two where images were mixed in pairs (SecondLabels).
namespace cucurbit::kernels {

/// What stands where no class does.
enum : int { kNoLabel = -1, kIgnored = -2, kBadLabel = -3 };

/// The labels of a row: classes, or one of the above. `label` has the larger weight: a correct answer names it.
struct RowLabels {
  int label = kNoLabel, second = kNoLabel;
};

/// The weights of the two labels, the same for all rows.
template <class A>
struct LabelWeights {
  A label = 1, second = 0;
  bool exchanged = false;  // the batch's second labels have the larger weight, and come first in RowLabels

  __device__ __forceinline__ explicit LabelWeights(const SecondLabels& labels) {
    if (!labels.labels) return;
    const float first = *labels.weight;
    exchanged = first < 0.5f;
    label = exchanged ? 1 - A(first) : A(first);
    second = exchanged ? A(first) : 1 - A(first);
  }
};

template <class A>
__device__ __forceinline__ RowLabels row_labels(const int32_t* labels, const SecondLabels& seconds,
                                                const LabelWeights<A>& weights, int64_t row, int classes) {
  const int first = labels[row];
  if (first == kIgnoreIndex) return {kIgnored, kNoLabel};
  if (first < 0 || first >= classes) return {kBadLabel, kNoLabel};
  if (!seconds.labels) return {first, kNoLabel};
  const int second = seconds.labels[row];
  if (second < 0 || second >= classes) return {kIgnored, kNoLabel};
  return weights.exchanged ? RowLabels{second, first} : RowLabels{first, second};
}

/// The logit that the labels ask for: that of the label, or the weighted mean of those of both labels; 0 where there is
/// no label. logits: the row.
template <class T, class A>
__device__ __forceinline__ A target_logit(const T* logits, const RowLabels& labels, const LabelWeights<A>& weights) {
  if (labels.label < 0) return 0;
  const A logit = to_acc(logits[labels.label]);
  return labels.second < 0 ? logit : weights.label * logit + weights.second * to_acc(logits[labels.second]);
}

/// 1 if class c of logit x comes before the label in order of logits: its logit is larger, or as large and c is lower;
/// also 1 if x is NaN. The sum over the classes is the rank of the label, and the answer is correct if that is 0.
template <class A>
__device__ __forceinline__ A comes_before(A x, int c, A label_logit, int label) {
  const A tie = c < label ? A(1) : A(0);  // selections of numbers vectorise, of truth values they do not
  return (x <= label_logit ? A(0) : A(1)) + (x == label_logit ? tie : A(0));
}

}  // namespace cucurbit::kernels
