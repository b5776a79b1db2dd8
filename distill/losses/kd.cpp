#include "distill/losses/kd.h"

namespace cucurbit {

Tensor kd(const Tensor& student, const Tensor& teacher, const Tensor& labels, const DistillOptions& options,
          kernels::StepMetrics* metrics) {
  return distill_logits(student, teacher, labels, options, metrics);
}

}  // namespace cucurbit
