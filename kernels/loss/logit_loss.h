#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/metrics.h"
#include "kernels/types.h"

/// What the losses on logits (cross_entropy, distill_logits) take and give in common.
namespace cucurbit::kernels {

/// Rows with this label take no part: they count for nothing and get a gradient of zero.
inline constexpr int kIgnoreIndex = -100;

/// A second label of every row, of a batch whose images were mixed in pairs: the cross-entropy is then w times that
/// with the first label plus 1 - w times that with the second. A row counts if both labels are classes; its answer is
/// correct if it is the label of the larger weight (the first at 1/2).
struct SecondLabels {
  const int32_t* labels = nullptr;  // [rows]; null: there are none
  const float* weight = nullptr;    // w, one value in device memory, from 0 to 1
};

/// Where a loss on logits leaves its results; all in device memory.
template <class T>
struct LogitLossOutputs {
  acc_t<T>* loss;                  // [1], overwritten
  T* gradient = nullptr;           // [rows, classes], overwritten; null: not needed
  StepMetrics* metrics = nullptr;  // accumulated; null: not needed
  void* workspace;                 // logit_loss_workspace(rows, classes) bytes, 16-byte aligned; contents are lost
};

size_t logit_loss_workspace(int64_t rows, int classes);

/// gradient[i] *= factor[0], reading and writing the gradient only if the factor is not 1: the backward pass of a loss
/// that is the root of the graph costs a launch and no traffic. gradient [n], factor [1] in device memory. T: float,
/// bf16, double; deterministic.
template <class T>
void scale_gradient(const acc_t<T>* factor, T* gradient, int64_t n, cudaStream_t stream);

}  // namespace cucurbit::kernels
