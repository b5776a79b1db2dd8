#pragma once

#include <memory>

#include "engine/ops/distill_logits.h"
#include "engine/runtime/graph.h"

namespace cucurbit::bench {

/// The loss of bench/peers/README.md, 0.1 CE + 0.9 T^2 KL(teacher || student) with T = 4, and its gradient with respect
/// to the student's logits, for the logits and labels of that page.
class DistillLoss {
 public:
  DistillLoss(int64_t rows, int classes, DType dtype);

  static DistillOptions options() { return {.temperature = 4, .task_weight = 0.1, .distill_weight = 0.9}; }

  /// Queues the loss and its backward pass.
  void run_eagerly();
  /// Queues the same as a replay of a captured graph, as training does. Call run_eagerly first.
  void run();
  /// The loss of the last eager run; waits for the device.
  double loss() const;
  const Tensor& gradient() const { return gradient_; }

  const Tensor& student() const { return student_; }
  const Tensor& teacher() const { return teacher_; }
  const Tensor& labels() const { return labels_; }

  /// The bytes of reading both logits and the labels once and writing the gradient once.
  double bytes() const { return 3.0 * double(student_.bytes()) + double(labels_.bytes()); }

 private:
  Tensor student_, teacher_, labels_, loss_, gradient_;
  std::unique_ptr<StepGraph> graph_;
};

}  // namespace cucurbit::bench
