// Weights and temperatures that change over a training: a captured step follows them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "engine/autograd.h"
#include "engine/ops/distill_logits.h"
#include "engine/ops/scale_by.h"
#include "engine/runtime/graph.h"
#include "engine/runtime/stream.h"
#include "engine/step_schedule.h"
#include "kernels/error.h"
#include "kernels/step.h"
#include "support/compare.h"
#include "support/expect_error.h"

namespace cucurbit::test {
namespace {

constexpr int kSteps = 5;
const std::vector<double> kTemperatures = {4, 1, 2.7, 9.3}, kTaskWeights = {0.1, 1, 0, 0.37},
                          kDistillWeights = {0.9, 0, 1.3, 0.61};

/// A training's step counter in device memory.
class Counter {
 public:
  explicit Counter(StepState start = {}) : storage_(bytes_on_device(std::span<const StepState>(&start, 1))) {}
  StepState* state() const { return static_cast<StepState*>(storage_.raw()); }
  void advance() const { kernels::advance(state(), 100, stream()); }

 private:
  Tensor storage_;
};

double at_step(const std::vector<double>& table, int step) {
  return table[std::min(size_t(step), table.size() - 1)];  // steps beyond the table take its last value
}

std::vector<double> some_values(int64_t n, double start) {
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(3 * std::sin(start + 1.7 * double(i)));
  return values;
}

struct Outcome {
  std::vector<double> loss, gradient;
  bool operator==(const Outcome&) const = default;
};

class DistillOverSteps : public testing::TestWithParam<std::tuple<DType, int>> {
 protected:
  void SetUp() override {
    const auto [dtype, classes] = GetParam();
    student_ = to_device(some_values(kRows * classes, 0), {kRows, classes}, dtype);
    teacher_ = to_device(some_values(kRows * classes, 5), {kRows, classes}, dtype);
    require_gradient(student_);
  }

  /// Queues loss and gradient.
  void run(const DistillOptions& options) {
    *student_.gradient() = {};
    Tape tape;
    loss_ = distill_logits(student_, teacher_, labels_, options);
    tape.backward(loss_);
    gradient_ = student_.grad();
  }
  Outcome outcome() const { return {to_host(loss_), to_host(gradient_)}; }

  static DistillOptions tables(const Counter& counter) {
    return {.temperature = StepSchedule(kTemperatures).at(counter.state()),
            .task_weight = StepSchedule(kTaskWeights).at(counter.state()),
            .distill_weight = StepSchedule(kDistillWeights).at(counter.state())};
  }
  static DistillOptions constants(int step) {
    return {.temperature = at_step(kTemperatures, step),
            .task_weight = at_step(kTaskWeights, step),
            .distill_weight = at_step(kDistillWeights, step)};
  }

  static constexpr int64_t kRows = 6;
  Tensor student_, teacher_, labels_ = Tensor::from_host(std::vector<int32_t>{0, 1, -100, 1, 0, 1}, {kRows});
  Tensor loss_, gradient_;
};

TEST_P(DistillOverSteps, AReplayFollowsTheTables) {
  std::vector<Outcome> from_constants, eager, replayed;
  for (int step = 0; step < kSteps; ++step) {
    run(constants(step));
    from_constants.push_back(outcome());
  }
  {
    const Counter counter;
    const DistillOptions options = tables(counter);
    for (int step = 0; step < kSteps; ++step, counter.advance()) {
      run(options);
      eager.push_back(outcome());
    }
  }
  const Counter counter;
  const DistillOptions options = tables(counter);
  StepGraph graph([&] {
    run(options);
    counter.advance();
  });
  for (int step = 0; step < kSteps; ++step) {
    graph.launch();
    replayed.push_back(outcome());
  }
  for (int step = 0; step < kSteps; ++step) {
    EXPECT_TRUE(eager[step] == from_constants[step]) << "a table differs from constants at step " << step;
    EXPECT_TRUE(replayed[step] == eager[step]) << "a replay differs from an eager step " << step;
  }
  for (int step = 1; step < int(kTemperatures.size()); ++step)
    EXPECT_FALSE(replayed[step] == replayed[step - 1]) << "nothing changed at step " << step;
  EXPECT_TRUE(replayed[kSteps - 1] == replayed[kSteps - 2]) << "the last value does not hold";
  loss_ = gradient_ = {};  // they lie in the graph's pool
  *student_.gradient() = {};
}

INSTANTIATE_TEST_SUITE_P(Kernels, DistillOverSteps,
                         testing::Combine(testing::Values(DType::f32, DType::bf16, DType::f64),
                                          testing::Values(10, 100, 1500)),
                         [](const auto& info) {
                           return std::string(name(std::get<0>(info.param))) + "_" +
                                  std::to_string(std::get<1>(info.param));
                         });

TEST(StepValue, AStepOfSeveralMicroBatchesHasOneValue) {
  const Counter counter({.grad_accum_steps = 3});
  const StepValue factor = StepSchedule(std::vector<double>{2, 5}).at(counter.state());
  const Tensor one = to_device({1}, {1}, DType::f32);
  std::vector<double> factors;
  for (int micro_batch = 0; micro_batch < 7; ++micro_batch, counter.advance())
    factors.push_back(to_host(scale_by(one, factor))[0]);
  EXPECT_EQ(factors, (std::vector<double>{2, 2, 2, 5, 5, 5, 5}));
}

TEST(StepValue, RefusesTablesThatAreNoNumbers) {
  const Counter counter;
  const auto expect_refused = [&](const std::vector<double>& values, const char* words) {
    expect_error(ErrorKind::usage, {words}, [&] { StepSchedule(values).at(counter.state()); });
  };
  expect_refused({}, "one for each step");
  expect_refused({1, NAN}, "nan in step 1");
  expect_refused({INFINITY}, "inf in step 0");
}

TEST(ScaleBy, RefusesConstantsThatAreNoFactors) {
  const Tensor x = to_device({1, 2}, {2}, DType::f32);
  expect_error(ErrorKind::input, {"factor inf", "finite number"}, [&] { scale_by(x, INFINITY); });
  expect_error(ErrorKind::input, {"factor 0", "other than 0"}, [&] { scale_by(x, 0, true); });
  EXPECT_EQ(to_host(scale_by(x, 0)), (std::vector<double>{0, 0}));
  EXPECT_EQ(to_host(scale_by(x, 4, true)), (std::vector<double>{0.25, 0.5}));
}

}  // namespace
}  // namespace cucurbit::test
