#include "engine/ops/distill_logits.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/ops/logit_loss.h"
#include "kernels/distill_logits.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
void check(const Tensor& student, const Tensor& teacher, const Tensor& labels, const DistillOptions& options) {
  check_logits_and_labels("distill_logits", student, labels);
  if (!teacher || teacher.shape() != student.shape())
    throw Error(ErrorKind::input, fmt::format("[distill_logits] teacher {} for student {}: expected the same classes",
                                              describe(teacher), describe(student)));
  const bool finite = std::isfinite(options.task_weight) && std::isfinite(options.distill_weight);
  if (!(options.temperature > 0) || !std::isfinite(options.temperature) || !finite ||
      !(options.label_smoothing >= 0 && options.label_smoothing <= 1))
    throw Error(
        ErrorKind::input,
        fmt::format("[distill_logits] temperature {}, task weight {}, distillation weight {}, label smoothing {}: "
                    "expected a temperature above 0, finite weights and smoothing from 0 to 1",
                    options.temperature, options.task_weight, options.distill_weight, options.label_smoothing));
}
}  // namespace

Tensor distill_logits(const Tensor& student, const Tensor& teacher, const Tensor& labels, const DistillOptions& options,
                      kernels::StepMetrics* metrics) {
  check(student, teacher, labels, options);
  const kernels::SecondLabels second = second_labels("distill_logits", labels, options.second);
  const kernels::DistillWeights weights{options.temperature, options.task_weight, options.distill_weight,
                                        options.label_smoothing};
  return logit_loss(
      "distill_logits", student, metrics, [&]<class T>(Type<T>, const kernels::LogitLossOutputs<T>& outputs) {
        dispatch_float(teacher.dtype(), "distill_logits", [&]<class V>(Type<V>) {
          if constexpr (std::is_same_v<T, double> == std::is_same_v<V, double>)
            kernels::distill_logits(student.data<T>(), teacher.data<V>(), labels ? labels.data<int32_t>() : nullptr,
                                    second, student.dim(0), int(student.dim(1)), weights, outputs, stream());
          else
            throw Error(ErrorKind::input, fmt::format("[distill_logits] student {}, teacher {}: f64 goes with f64 only",
                                                      describe(student), describe(teacher)));
        });
      });
}

}  // namespace cucurbit
