#include <random>

#include "engine/autograd.h"
#include "method_cases/method_case.h"
#include "support/compare.h"

namespace cucurbit::test {

namespace {
Tensor random_logits(int64_t rows, int64_t classes, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<double> values(size_t(rows * classes));
  for (double& value : values) value = std::uniform_real_distribution(-4., 4.)(random);
  return Tensor::from_host(values, {rows, classes});
}

struct LossAndGradient {
  double loss;
  std::vector<double> gradient;
};

template <class F>
LossAndGradient differentiate(Tensor student, F&& loss_of) {
  require_gradient(student);
  Tape tape;
  const Tensor loss = loss_of(student);
  tape.backward(loss);
  return {to_host(loss)[0], to_host(student.grad())};
}

void compare(std::string_view method, const ComposedLoss& composed, int64_t rows, int64_t classes) {
  SCOPED_TRACE(std::to_string(rows) + " rows of " + std::to_string(classes));
  const FrozenOutputs teacher(FrozenTensor(random_logits(rows, classes, 1)));
  Batch batch;
  std::vector<int32_t> labels(static_cast<size_t>(rows));
  for (size_t row = 0; row < labels.size(); ++row) labels[row] = int32_t(row * 7 % size_t(classes));
  batch.labels = Tensor::from_host(labels, {rows});
  const LossWeights weights{.task = 0.3, .distill = 0.6};
  const auto with = [&](auto&& loss) {
    return differentiate(random_logits(rows, classes, 2), [&](const Tensor& student) {
      const Outputs outputs{.logits = student, .features = {}};
      return loss(DistillInputs{outputs, teacher, batch, nullptr});
    });
  };
  const auto got = with([&](const DistillInputs& inputs) {
    Meters meters;
    Terms terms(meters, rows);
    make_method({.name = std::string(method), .knobs = {}}, weights)->add_terms(inputs, terms);
    return terms.total();
  });
  const auto expected = with([&](const DistillInputs& inputs) { return composed(inputs, weights); });
  EXPECT_NEAR(got.loss, expected.loss, 1e-12 * std::max(1., std::abs(expected.loss)));
  expect_close(got.gradient, expected.gradient, DType::f64, classes, 1, "gradient");
}
}  // namespace

void check_method(std::string_view method, const ComposedLoss& composed) {
  for (const auto& [rows, classes] : {std::pair(1, 2), {7, 10}, {33, 100}, {5, 1025}})
    compare(method, composed, rows, classes);
}

}  // namespace cucurbit::test
