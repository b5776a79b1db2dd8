#include "engine/ops/distill_logits.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/ops/logit_loss.h"
#include "kernels/error.h"
#include "kernels/loss/distill_logits.h"

namespace cucurbit {

namespace {
void check(const Tensor& student, const Tensor& teacher, const Tensor& labels, const DistillOptions& options) {
  check_logits_and_labels("distill_logits", student, labels);
  if (!teacher || teacher.shape() != student.shape())
    throw Error(ErrorKind::input, fmt::format("[distill_logits] teacher {} for student {}: the shapes must be equal",
                                              describe(teacher), describe(student)));
  const auto valid = [](const StepValue& value, bool positive = false) {
    return !value.is_constant() || (std::isfinite(value.constant()) && (!positive || value.constant() > 0));
  };
  const auto shown = [](const StepValue& value) {
    return value.is_constant() ? fmt::format("{}", value.constant()) : std::string("from a table");
  };
  if (!valid(options.temperature, true) || !valid(options.task_weight) || !valid(options.distill_weight) ||
      !(options.label_smoothing >= 0 && options.label_smoothing <= 1))
    throw Error(
        ErrorKind::input,
        fmt::format("[distill_logits] temperature {}, task weight {}, distillation weight {}, label smoothing {}: "
                    "expected a temperature above 0, finite weights and smoothing from 0 to 1",
                    shown(options.temperature), shown(options.task_weight), shown(options.distill_weight),
                    options.label_smoothing));
}
}  // namespace

Tensor distill_logits(const Tensor& student, const Tensor& teacher, const Tensor& labels, const DistillOptions& options,
                      kernels::StepMetrics* metrics) {
  check(student, teacher, labels, options);
  const kernels::SecondLabels second = second_labels("distill_logits", labels, options.second);
  const kernels::DistillWeights weights{options.temperature.view(), options.task_weight.view(),
                                        options.distill_weight.view(), options.label_smoothing};
  return logit_loss(
      "distill_logits", student, metrics, [&]<class T>(Type<T>, const kernels::LogitLossOutputs<T>& outputs) {
        dispatch_float(teacher.dtype(), "distill_logits", [&]<class V>(Type<V>) {
          if constexpr (std::is_same_v<T, double> == std::is_same_v<V, double>)
            kernels::distill_logits(student.data<T>(), teacher.data<V>(), labels ? labels.data<int32_t>() : nullptr,
                                    second, student.dim(0), int(student.dim(1)), weights, outputs, stream());
          else
            throw Error(ErrorKind::input,
                        fmt::format("[distill_logits] student {}, teacher {}: f64 cannot be mixed with others",
                                    describe(student), describe(teacher)));
        });
      });
}

}  // namespace cucurbit
