// Every registered OpCase, for every element type and both ways to multiply:
//   forward      against the case's double-precision reference
//   gradient     against central differences of the reference, contracted with a random cotangent: element by element at
//                both ends of rows and at random, and along directions that have a share of every element
//   accumulate   a second backward pass doubles every gradient
//   repeat       run twice: bit-equal
//   graph        captured and replayed: bit-equal to eager
//   sentinels    around every device buffer, outputs poisoned with NaN before they are written
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ostream>
#include <random>

#include "engine/autograd.h"
#include "engine/math_mode.h"
#include "engine/runtime/graph.h"
#include "engine/runtime/stream.h"
#include "op_cases/all.h"
#include "support/compare.h"
#include "support/op_inputs.h"

namespace cucurbit::test {
namespace {

struct Param {
  OpCase op;
  DType dtype;
};

/// What a listing shows of a case: scripts/op_table reads it.
void PrintTo(const Param& param, std::ostream* out) {
  *out << name(param.dtype) << (param.op.gradient ? " gradient" : " forward")
       << (param.op.both_maths ? " vendor own" : "");
}

std::vector<Param> params(bool only_both_maths) {
  std::vector<Param> all;
  for (const OpCase& op : op_cases())
    for (DType dtype : op.dtypes)
      if (op.both_maths || !only_both_maths) all.push_back({op, dtype});
  return all;
}

/// Elements whose gradients are compared one by one: all where there are few; else both ends of rows (the first row, the
/// last, and as many random ones as the budget allows) and random elements for the other half of the budget.
std::vector<int64_t> compared_elements(const Shape& shape, std::mt19937& random) {
  constexpr int64_t kBudget = 128;
  const int64_t count = shape.size();
  std::vector<int64_t> elements;
  if (count <= kBudget) {
    elements.resize(size_t(count));
    std::iota(elements.begin(), elements.end(), int64_t{0});
    return elements;
  }
  const int64_t cols = shape[-1], last_row = count / cols - 1;
  const auto add_ends = [&](int64_t row) {
    elements.push_back(row * cols);
    elements.push_back(row * cols + cols - 1);
  };
  if (last_row < kBudget / 4) {
    for (int64_t row = 0; row <= last_row; ++row) add_ends(row);
  } else {
    add_ends(0);
    add_ends(last_row);
    while (int64_t(elements.size()) < kBudget / 2)
      add_ends(std::uniform_int_distribution<int64_t>(0, last_row)(random));
  }
  while (int64_t(elements.size()) < kBudget)
    elements.push_back(std::uniform_int_distribution<int64_t>(0, count - 1)(random));
  return elements;
}

/// Directions in the space of a tensor of `shape`, of random signs: over the first element of every row, over the last,
/// and over all elements. A gradient that is wrong anywhere is wrong along one of them.
std::vector<std::pair<std::string, Values>> directions(const Shape& shape, std::mt19937& random) {
  const auto count = size_t(shape.size());
  const size_t cols = shape.rank() > 0 && count > 0 ? size_t(shape[-1]) : 1;
  Values first(count, 0), last(count, 0), all(count);
  for (size_t i = 0; i < count; ++i) {
    all[i] = random() % 2 == 0 ? 1 : -1;
    if (i % cols == 0) first[i] = all[i];
    if (i % cols == cols - 1) last[i] = all[i];
  }
  return {{"first elements", first}, {"last elements", last}, {"all elements", all}};
}

/// What one forward and backward pass gave.
struct Result {
  Values output;
  std::vector<Values> gradients;
  bool operator==(const Result& other) const {
    return same_bits(output, other.output) &&
           std::equal(gradients.begin(), gradients.end(), other.gradients.begin(), other.gradients.end(), same_bits);
  }
};

class OpTest : public testing::TestWithParam<Param> {
 protected:
  void SetUp() override {
    pool_ = std::make_shared<Pool>();
    pool_->set_guarded(true);
    scope_ = std::make_unique<PoolScope>(*pool_);
    const auto& [op, dtype] = GetParam();
    std::mt19937 random(42);
    for (const Input& input : op.inputs) {
      values_.push_back(rounded(draw(input, random), stored_type(input, dtype)));
      tensors_.push_back(to_device(values_.back(), input.shape, stored_type(input, dtype)));
      if (op.gradient && input.differentiable()) require_gradient(tensors_.back());
    }
    cotangent_ = rounded(draw({.shape = op.output}, random), dtype);
    seed_ = to_device(cotangent_, op.output, dtype);
  }
  void TearDown() override {
    tensors_.clear();
    seed_ = {};
    EXPECT_EQ(pool_->damaged_blocks(), 0) << "a kernel wrote outside its buffer";
    set_math_mode(Math::vendor);
  }

  bool differentiates() const { return GetParam().op.gradient && GetParam().op.output.size() > 0; }

  Tensor forward_backward(int passes = 1) {
    for (Tensor& input : tensors_)
      if (input.gradient()) *input.gradient() = {};
    Tensor output;
    for (int pass = 0; pass < passes; ++pass) {
      Tape tape;
      output = GetParam().op.run(tensors_);
      if (!differentiates()) continue;
      if (output.dtype() != seed_.dtype())
        seed_ = to_device(cotangent_, output.shape(), output.dtype());  // losses: f32
      tape.backward(output, seed_);
    }
    return output;
  }

  Result collect(const Tensor& output) {
    Result result{to_host(output), {}};
    for (const Tensor& input : tensors_)
      if (input.gradient() && differentiates()) result.gradients.push_back(to_host(input.grad()));
    return result;
  }

  /// d(cotangent . reference), for inputs that differ by 2 step: differences first, since the sums are large.
  double slope(const std::vector<Values>& above, const std::vector<Values>& below, double step) const {
    const Values high = GetParam().op.reference(above), low = GetParam().op.reference(below);
    double sum = 0;
    for (size_t i = 0; i < high.size(); ++i) sum += cotangent_[i] * (high[i] - low[i]);
    return sum / (2 * step);
  }

  /// The gradient of cotangent . reference by central differences at the compared elements of an input; the rest are
  /// NaN.
  Values numeric_gradient(size_t which, std::mt19937& random) {
    std::vector<Values> above = values_, below = values_;
    Values gradient(values_[which].size(), NAN);
    for (const int64_t element : compared_elements(GetParam().op.inputs[which].shape, random)) {
      const auto i = size_t(element);
      const double centre = values_[which][i], step = 1e-5 * std::max(1.0, std::abs(centre));
      above[which][i] = centre + step;
      below[which][i] = centre - step;
      gradient[i] = slope(above, below, step);
      above[which][i] = below[which][i] = centre;
    }
    return gradient;
  }

  /// The slope of cotangent . reference along `direction` of an input, by a central difference.
  double numeric_slope(size_t which, const Values& direction) {
    constexpr double kStep = 1e-5;
    std::vector<Values> above = values_, below = values_;
    for (size_t i = 0; i < direction.size(); ++i) {
      above[which][i] += kStep * direction[i];
      below[which][i] -= kStep * direction[i];
    }
    return slope(above, below, kStep);
  }

  void check_gradient(size_t which, const Values& gradient) {
    const auto& [op, dtype] = GetParam();
    std::mt19937 random(43);
    const std::string what = "gradient of input " + std::to_string(which);
    expect_close(gradient, numeric_gradient(which, random), dtype, op.sum_length, op.slack, what);
    double magnitude = 1e-3;
    for (const double value : gradient) magnitude = std::max(magnitude, std::abs(value));
    for (const auto& [along, direction] : directions(op.inputs[which].shape, random)) {
      const double terms = std::inner_product(direction.begin(), direction.end(), direction.begin(), 0.0);
      const double got = std::inner_product(gradient.begin(), gradient.end(), direction.begin(), 0.0);
      // Rounding errors have random signs here, so that their sum grows as the square root of their number.
      EXPECT_NEAR(got, numeric_slope(which, direction),
                  op.slack * tolerance(dtype, op.sum_length, magnitude) * std::sqrt(terms))
          << what << " along " << along;
    }
  }

  void check_against_reference(const Result& result) {
    const auto& [op, dtype] = GetParam();
    expect_close(result.output, op.reference(values_), dtype, op.sum_length, op.slack, "output");
    size_t at = 0;
    for (size_t i = 0; i < tensors_.size() && differentiates(); ++i)
      if (tensors_[i].gradient()) check_gradient(i, result.gradients[at++]);
  }

  void check_everything() {
    const Tensor output = forward_backward();
    ASSERT_EQ(output.shape(), GetParam().op.output);
    const Result first = collect(output);
    check_against_reference(first);
    EXPECT_TRUE(first == collect(forward_backward())) << "two runs differ";
    if (differentiates()) check_accumulation(first, collect(forward_backward(2)));
    check_graph(first);
  }

  void check_accumulation(const Result& once, const Result& twice) {
    const auto& [op, dtype] = GetParam();
    for (size_t i = 0; i < once.gradients.size(); ++i) {
      Values doubled = once.gradients[i];
      for (double& value : doubled) value *= 2;
      expect_close(twice.gradients[i], doubled, dtype, op.sum_length, op.slack, "accumulated gradient");
    }
  }

  void check_graph(const Result& eager) {
    Tensor output;
    StepGraph graph([&] { output = forward_backward(); });
    graph.launch();
    synchronize();
    EXPECT_TRUE(eager == collect(output)) << "graph replay differs from eager";
    output = {};
    for (Tensor& input : tensors_)
      if (input.gradient()) *input.gradient() = {};
  }

  std::shared_ptr<Pool> pool_;
  std::unique_ptr<PoolScope> scope_;
  std::vector<Values> values_;
  std::vector<Tensor> tensors_;
  Values cotangent_;
  Tensor seed_;
};

TEST_P(OpTest, MatchesReference) {
  set_math_mode(Math::vendor);
  check_everything();
}

#ifdef SOFTGPU
/// Thread mode gives what fast mode gives, up to the order of sums, and the same bits in every order of lanes and
/// warps.
TEST_P(OpTest, ThreadModeAgrees) {
  const auto& [op, dtype] = GetParam();
  set_math_mode(op.both_maths ? Math::own : Math::vendor);
  const bool fast_by_default = softgpu::one_thread_blocks();
  const Result fast = collect(forward_backward());
  softgpu::set_mode(softgpu::Mode::threads);
  std::vector<Result> threads;
  for (const uint64_t seed : {0, 1, 2}) {
    softgpu::set_thread_order(seed);
    threads.push_back(collect(forward_backward()));
  }
  softgpu::set_thread_order(0);
  if (fast_by_default) softgpu::set_mode(softgpu::Mode::fast);
  EXPECT_TRUE(threads[0] == threads[1] && threads[0] == threads[2]) << "the result depends on the order of threads";
  expect_close(threads[0].output, fast.output, dtype, op.sum_length, op.slack, "threads against fast output");
  for (size_t i = 0; i < fast.gradients.size(); ++i)
    expect_close(threads[0].gradients[i], fast.gradients[i], dtype, op.sum_length, op.slack,
                 "threads against fast gradient");
}
#endif

using OwnMathTest = OpTest;

TEST_P(OwnMathTest, MatchesReferenceAndVendor) {
  const auto& [op, dtype] = GetParam();
  set_math_mode(Math::vendor);
  const Result vendor = collect(forward_backward());
  set_math_mode(Math::own);
  check_everything();
  const Result own = collect(forward_backward());
  expect_close(own.output, vendor.output, dtype, op.sum_length, op.slack, "own against vendor output");
  for (size_t i = 0; i < own.gradients.size(); ++i)
    expect_close(own.gradients[i], vendor.gradients[i], dtype, op.sum_length, op.slack, "own against vendor gradient");
}

std::string test_name(const testing::TestParamInfo<Param>& info) {
  return info.param.op.name + "_" + std::string(name(info.param.dtype));
}

INSTANTIATE_TEST_SUITE_P(Ops, OpTest, testing::ValuesIn(params(false)), test_name);
INSTANTIATE_TEST_SUITE_P(Ops, OwnMathTest, testing::ValuesIn(params(true)), test_name);

}  // namespace
}  // namespace cucurbit::test
