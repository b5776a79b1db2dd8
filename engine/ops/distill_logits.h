#pragma once

#include "engine/ops/second_labels.h"
#include "engine/step_value.h"
#include "engine/tensor.h"
#include "kernels/metrics.h"

namespace cucurbit {

/// Temperature and weights are numbers, or tables with a value per step (see StepValue). Numbers are checked when the
/// loss is computed; the values of a table lie in device memory and are checked when the table is built.
struct DistillOptions {
  StepValue temperature = 4;       // > 0
  StepValue task_weight = 0.1;     // of the cross-entropy with the labels
  StepValue distill_weight = 0.9;  // of T^2 KL(teacher || student)
  double label_smoothing = 0;      // of the cross-entropy, in [0, 1]
  SecondLabels second{};           // of images that were mixed in pairs; requires labels
};

/// The loss of a student with a teacher, fused: each logit is read once and the gradient written once. A scalar of type
/// f32 (f64 for f64 logits):
///
///   1/n sum_r [ task_weight CE(student_r, y_r) + distill_weight T^2 KL(softmax(teacher_r/T) || softmax(student_r/T)) ]
///
///   student, teacher [N, C]; teacher is constant and has student's type, or one is f32 and the other bf16
///   labels  i32 [N]: a class, or -100 for a row that both terms ignore. Undefined: all rows count, without a task term
///   metrics in device memory, added to (counting the student's correct answers); or null
///
/// Invalid labels, n = 0 and errors are treated as in cross_entropy. Deterministic. Hinton, Vinyals, Dean: Distilling
/// the Knowledge in a Neural Network, 2015.
Tensor distill_logits(const Tensor& student, const Tensor& teacher, const Tensor& labels,
                      const DistillOptions& options = {}, kernels::StepMetrics* metrics = nullptr);

}  // namespace cucurbit
