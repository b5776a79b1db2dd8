#include "distill/losses/kd.h"

#include "engine/ops/cross_entropy.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduction.h"
#include "engine/ops/scale_by.h"
#include "engine/ops/softmax.h"

namespace cucurbit {

Tensor kd(const Tensor& student, const Tensor& teacher, const Tensor& labels, const DistillOptions& options,
          kernels::StepMetrics* metrics) {
  return distill_logits(student, teacher, labels, options, metrics);
}

Tensor kd_unfused(const Tensor& student, const Tensor& teacher, const Tensor& labels, const DistillOptions& options) {
  const StepValue& T = options.temperature;
  const Tensor log_p = log_softmax(scale_by(student, T, true));
  const Tensor log_q = log_softmax(scale_by(teacher.detach(), T, true));
  const Tensor divergence = scale(sum(mul(exp(log_q), sub(log_q, log_p))), 1 / double(student.dim(0)));
  return add(scale_by(cross_entropy(student, labels, {.second = options.second}), options.task_weight),
             scale_by(scale_by(scale_by(divergence, T), T), options.distill_weight));
}

}  // namespace cucurbit
