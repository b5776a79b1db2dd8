#pragma once

#include <memory>

#include "engine/ops/distill_logits.h"
#include "engine/runtime/graph.h"

namespace cucurbit::bench {

/// 0.1 CE + 0.9 T^2 KL(teacher || student), T = 4, and its gradient with respect to the student's logits: the loss of
/// bench/peers/README.md, on its logits and labels.
class DistillLoss {
 public:
  DistillLoss(int64_t rows, int classes, DType dtype);

  static DistillOptions options() { return {.temperature = 4, .task_weight = 0.1, .distill_weight = 0.9}; }

  /// Queues the loss and its backward pass.
  void run_eagerly();
  /// The same as a replay of a recorded graph, the way training runs it; not before run_eagerly.
  void run();
  /// Of the last eager run; waits.
  double loss() const;
  const Tensor& gradient() const { return gradient_; }

  const Tensor& student() const { return student_; }
  const Tensor& teacher() const { return teacher_; }
  const Tensor& labels() const { return labels_; }

  /// One read of both logits, one write of the gradient, one read of the labels.
  double bytes() const { return 3.0 * double(student_.bytes()) + double(labels_.bytes()); }

 private:
  Tensor student_, teacher_, labels_, loss_, gradient_;
  std::unique_ptr<StepGraph> graph_;
};

}  // namespace cucurbit::bench
