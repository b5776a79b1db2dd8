#pragma once

#include "engine/ops/distill_logits.h"

namespace cucurbit {

/// Knowledge distillation (Hinton, Vinyals, Dean 2015): the student learns the labels and the teacher's softened
/// answers.
///
///   L = task_weight CE(z, y) + distill_weight T^2/B sum_b KL(q_b || p_b),   p = softmax(z/T), q = softmax(v/T)
///   dL/dz = 1/B [ task_weight (softmax(z) - onehot(y)) + distill_weight T (p - q) ]
///
///   student z, teacher v [B, C] logits of the same inputs; the teacher is constant. labels y, options, metrics, types
///   and errors: see distill_logits.
///
/// T^2 keeps the gradient's size as T grows; the mean is over samples, not over samples and classes. For large T the
/// distillation term tends to |z - v|^2 / 2C per sample (logits of zero mean). Usual: T = 4, weights 0.1 and 0.9.
Tensor kd(const Tensor& student, const Tensor& teacher, const Tensor& labels, const DistillOptions& options = {},
          kernels::StepMetrics* metrics = nullptr);

/// The same loss composed of ordinary ops, for labels that all name a class and without label smoothing: what `kd`
/// means, and what it is tested against. Follows tables of temperature and weights as `kd` does.
Tensor kd_unfused(const Tensor& student, const Tensor& teacher, const Tensor& labels,
                  const DistillOptions& options = {});

}  // namespace cucurbit
