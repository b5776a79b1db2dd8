// Every registered OpCase, for every element type and both ways to multiply:
//   forward      against the case's double-precision reference
//   gradient     against central differences of the reference, contracted with a random cotangent
//   accumulate   a second backward pass doubles every gradient
//   repeat       run twice: bit-equal
//   graph        captured and replayed: bit-equal to eager
//   sentinels    around every device buffer, outputs poisoned with NaN before they are written
#include <gtest/gtest.h>

#include <cmath>
#include <ostream>
#include <random>

#include "engine/autograd.h"
#include "engine/math_mode.h"
#include "engine/runtime/graph.h"
#include "engine/runtime/stream.h"
#include "op_cases/all.h"
#include "support/compare.h"

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

DType stored_type(const Input& input, DType dtype) {
  if (input.kind == Input::Kind::labels) return DType::i32;
  return input.kind == Input::Kind::parameter ? accumulator_of(dtype) : dtype;
}

Values draw(const Input& input, std::mt19937& random) {
  const int64_t n = input.shape.size();
  Values values(n);
  if (input.distinct) {
    for (int64_t i = 0; i < n; ++i) values[i] = input.low + (input.high - input.low) * (i + 0.5) / n;
    std::shuffle(values.begin(), values.end(), random);
    return values;
  }
  for (double& value : values) {
    if (input.kind == Input::Kind::labels)
      value = std::uniform_int_distribution<int>(int(input.low), int(input.high) - 1)(random);
    else
      value = input.low + (input.high - input.low) * (2 * std::uniform_int_distribution<int>(0, 127)(random) + 1) / 256;
  }
  return values;
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

  /// d(cotangent . reference)/d(input) by central differences, at up to 64 elements; the rest are NaN.
  Values numeric_gradient(size_t which) {
    std::vector<Values> at = values_;
    const int64_t n = int64_t(at[which].size()), step = std::max<int64_t>(1, n / 64);
    Values gradient(n, NAN);
    for (int64_t i = 0; i < n; i += step) {
      const double centre = at[which][i], h = 1e-5 * std::max(1.0, std::abs(centre));
      at[which][i] = centre + h;
      const Values above = GetParam().op.reference(at);
      at[which][i] = centre - h;
      const Values below = GetParam().op.reference(at);
      at[which][i] = centre;
      gradient[i] = 0;
      for (size_t j = 0; j < above.size(); ++j) gradient[i] += cotangent_[j] * (above[j] - below[j]) / (2 * h);
    }
    return gradient;
  }

  void check_against_reference(const Result& result) {
    const auto& [op, dtype] = GetParam();
    expect_close(result.output, op.reference(values_), dtype, op.sum_length, op.slack, "output");
    size_t at = 0;
    for (size_t i = 0; i < tensors_.size() && differentiates(); ++i)
      if (tensors_[i].gradient())
        expect_close(result.gradients[at++], numeric_gradient(i), dtype, op.sum_length, op.slack,
                     "gradient of input " + std::to_string(i));
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
