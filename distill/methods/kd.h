#pragma once

#include "distill/methods/registry.h"
#include "engine/ops/distill_logits.h"

namespace cucurbit {

/// Knowledge distillation (Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015): the student
/// learns the labels and the teacher's softened answers.
///
///   L = task CE(z, y) + distill T^2/B sum_b KL(q_b || p_b),   p = softmax(z/T), q = softmax(v/T)
///   dL/dz = 1/B [ task (softmax(z) - onehot(y)) + distill T (p - q) ]
///
///   student z, teacher v [B, C] logits of the same images; the teacher is constant
///
/// T^2 keeps the gradient's size as T grows; the mean is over samples, not over samples and classes. For large T the
/// distillation term tends to |z - v|^2 / 2C per sample (logits of zero mean). Usual: T = 4, weights 0.1 and 0.9. One
/// fused kernel (engine/ops/distill_logits.h).
MethodInfo kd_method();

/// The same loss composed of ordinary ops, for labels that all name a class: what kd means, and what it is tested
/// against. Follows tables of temperature and weights as the fused kernel does.
Tensor kd_composed(const Tensor& student, const Tensor& teacher, const Tensor& labels, const DistillOptions& options);

}  // namespace cucurbit
