#include "distill/losses/kd.h"

#include "engine/ops/cross_entropy.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduction.h"
#include "engine/ops/softmax.h"

namespace cucurbit {

Tensor kd(const Tensor& student, const Tensor& teacher, const Tensor& labels, const DistillOptions& options,
          kernels::StepMetrics* metrics) {
  return distill_logits(student, teacher, labels, options, metrics);
}

Tensor kd_unfused(const Tensor& student, const Tensor& teacher, const Tensor& labels, const DistillOptions& options) {
  const double T = options.temperature, B = double(student.dim(0));
  const Tensor log_p = log_softmax(scale(student, 1 / T));
  const Tensor log_q = log_softmax(scale(teacher.detach(), 1 / T));
  const Tensor divergence = sum(mul(exp(log_q), sub(log_q, log_p)));
  return add(scale(cross_entropy(student, labels, {.second = options.second}), options.task_weight),
             scale(divergence, options.distill_weight * T * T / B));
}

}  // namespace cucurbit
