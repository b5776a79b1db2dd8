#include "distill/methods/kd.h"

#include "method_cases/method_case.h"

namespace cucurbit::test {
namespace {

Tensor composed(const DistillInputs& inputs, const LossWeights& weights) {
  return kd_composed(inputs.student.logits, inputs.teacher.logits().constant(), inputs.batch.labels,
                     {.temperature = 4,
                      .task_weight = weights.task.at(inputs.state),
                      .distill_weight = weights.distill.at(inputs.state)});
}

TEST(MethodCases, kd) { check_method("kd", composed); }

}  // namespace
}  // namespace cucurbit::test
