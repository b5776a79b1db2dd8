#pragma once

#include "engine/ops/second_labels.h"
#include "engine/tensor.h"
#include "kernels/metrics.h"

namespace cucurbit {

struct DistillOptions {
  double temperature = 4;       // > 0
  double task_weight = 0.1;     // of the cross-entropy with the labels
  double distill_weight = 0.9;  // of T^2 KL(teacher || student)
  double label_smoothing = 0;   // of the cross-entropy, in [0, 1]
  SecondLabels second{};        // of images that were mixed in pairs; not without labels
};

/// Loss of a student with a teacher, fused: one read of each logit, one write of the gradient. A scalar of type f32
/// (f64 for f64 logits):
///
///   1/n sum_r [ task_weight CE(student_r, y_r) + distill_weight T^2 KL(softmax(teacher_r/T) || softmax(student_r/T)) ]
///
///   student, teacher [N, C]; teacher is constant and has student's type, or one is f32 and the other bf16
///   labels  i32 [N]: a class, or -100: the row is ignored altogether. Undefined: all rows count, without cross-entropy
///   metrics device memory, accumulated (the student's hits); null: not wanted
///
/// Bad labels, n = 0 and errors as in cross_entropy. Deterministic. Hinton, Vinyals, Dean: Distilling the Knowledge in
/// a Neural Network, 2015.
Tensor distill_logits(const Tensor& student, const Tensor& teacher, const Tensor& labels,
                      const DistillOptions& options = {}, kernels::StepMetrics* metrics = nullptr);

}  // namespace cucurbit
