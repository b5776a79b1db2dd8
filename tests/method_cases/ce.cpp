#include "engine/ops/elementwise.h"
#include "engine/ops/reduction.h"
#include "engine/ops/softmax.h"
#include "method_cases/method_case.h"

namespace cucurbit::test {
namespace {

/// -1/B sum of log_softmax at the labels, picked by a mask.
Tensor composed(const DistillInputs& inputs, const LossWeights&) {
  const Tensor& logits = inputs.student.logits;
  const std::vector<int32_t> labels = inputs.batch.labels.to_host<int32_t>();
  std::vector<double> mask(size_t(logits.size()));
  for (size_t row = 0; row < labels.size(); ++row)
    mask[row * size_t(logits.dim(1)) + size_t(labels[row])] = -1 / double(labels.size());
  return sum(mul(log_softmax(logits), Tensor::from_host(mask, logits.shape())));
}

TEST(MethodCases, ce) { check_method("ce", composed); }

}  // namespace
}  // namespace cucurbit::test
