#include "distill/methods/ce.h"

#include "engine/ops/cross_entropy.h"

namespace cucurbit {

namespace {
class Ce : public Method {
 public:
  explicit Ce(double label_smoothing) : label_smoothing_(label_smoothing) {}

  void add_terms(const DistillInputs& inputs, Terms& terms) override {
    const auto& [student, teacher, batch, state] = inputs;
    terms.add_fused(cross_entropy(student.logits, batch.labels,
                                  {.label_smoothing = label_smoothing_, .second = batch.second},
                                  terms.meters().counts()));
  }

 private:
  double label_smoothing_;
};
}  // namespace

MethodInfo ce_method() {
  return {.name = "ce",
          .summary = "cross-entropy with the labels alone: the baseline",
          .paper = "",
          .knobs = {},
          .needs_teacher = false,
          .make = [](const KnobValues&, const LossWeights& weights) -> std::unique_ptr<Method> {
            return std::make_unique<Ce>(weights.label_smoothing);
          }};
}

}  // namespace cucurbit
