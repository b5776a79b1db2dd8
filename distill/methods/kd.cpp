#include "distill/methods/kd.h"

#include <cmath>

#include "engine/ops/cross_entropy.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduction.h"
#include "engine/ops/scale_by.h"
#include "engine/ops/softmax.h"

namespace cucurbit {

namespace {
class Kd : public Method {
 public:
  Kd(double temperature, const LossWeights& weights) : temperature_(temperature), weights_(weights) {}

  void add_terms(const DistillInputs& inputs, Terms& terms) override {
    const auto& [student, teacher, batch, state] = inputs;
    terms.meters().show_terms();
    terms.add_fused(distill_logits(student.logits, teacher.logits().constant(), batch.labels,
                                   {.temperature = temperature_,
                                    .task_weight = weights_.task.at(state),
                                    .distill_weight = weights_.distill.at(state),
                                    .label_smoothing = weights_.label_smoothing,
                                    .second = batch.second},
                                   terms.meters().counts()));
  }

 private:
  double temperature_;
  LossWeights weights_;
};
}  // namespace

MethodInfo kd_method() {
  return {.name = "kd",
          .summary = "the teacher's softened answers (KL divergence) and the labels",
          .paper = "Hinton, Vinyals, Dean 2015",
          .knobs = {{.name = "temperature",
                     .value = 4,
                     .summary = "softens both networks' logits",
                     .valid = [](double value) { return value > 0 && std::isfinite(value); },
                     .expected = "a number above 0"}},
          .needs_teacher = true,
          .make = [](const KnobValues& knobs, const LossWeights& weights) -> std::unique_ptr<Method> {
            return std::make_unique<Kd>(knobs.find("temperature")->second, weights);
          }};
}

Tensor kd_composed(const Tensor& student, const Tensor& teacher, const Tensor& labels, const DistillOptions& options) {
  const StepValue& T = options.temperature;
  const Tensor log_p = log_softmax(scale_by(student, T, /*reciprocal=*/true));
  const Tensor log_q = log_softmax(scale_by(teacher.detach(), T, /*reciprocal=*/true));
  const Tensor divergence = scale(sum(mul(exp(log_q), sub(log_q, log_p))), 1 / double(student.dim(0)));
  const Tensor task =
      cross_entropy(student, labels, {.label_smoothing = options.label_smoothing, .second = options.second});
  return add(scale_by(task, options.task_weight),
             scale_by(scale_by(scale_by(divergence, T), T), options.distill_weight));
}

}  // namespace cucurbit
