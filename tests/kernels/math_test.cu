// Device math against double precision, and Philox against published vectors.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <vector>

#include "engine/runtime/stream.h"
#include "engine/tensor.h"
#include "kernels/device/math.cuh"
#include "kernels/device/philox.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/host/launch.h"

namespace cucurbit {
namespace {

enum class Function { exp, tanh, erf, sigmoid };

template <int kThreads, Function function>
__global__ void evaluate_kernel(const float* x, float* y, int64_t n) {
  map_tile<kThreads>(
      n,
      [](float value) {
        if constexpr (function == Function::exp) return math::exp(value);
        if constexpr (function == Function::tanh) return math::tanh(value);
        if constexpr (function == Function::erf) return math::erf(value);
        if constexpr (function == Function::sigmoid) return math::sigmoid(value);
      },
      y, x);
}

template <Function function>
std::vector<float> evaluate(const std::vector<float>& x) {
  const Tensor input = Tensor::from_host(x, {int64_t(x.size())}), output = Tensor::empty(input.shape(), DType::f32);
  launch<256>(CUCURBIT_KERNEL(evaluate_kernel, function), blocks_for(output.size(), kTile), stream(),
              input.data<float>(), output.data<float>(), output.size());
  return output.to_host<float>();
}

/// Distance in units in the last place of `want`; infinite if only one of them is NaN or infinite.
double ulp_error(float got, double want) {
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got) ? 0 : INFINITY;
  if (std::isinf(float(want)) || std::isinf(got)) return float(want) == got ? 0 : INFINITY;
  int exponent = 0;
  std::frexp(want, &exponent);
  return std::abs(double(got) - want) / std::ldexp(1.0, std::max(exponent, -125) - 24);
}

/// Every `kStep`-th float from -infinity to infinity, NaN among them.
std::vector<float> floats() {
  constexpr uint64_t kStep = 4001;
  std::vector<float> values;
  for (uint64_t bits = 0; bits < uint64_t(1) << 32; bits += kStep)
    values.push_back(std::bit_cast<float>(uint32_t(bits)));
  for (float special :
       {0.f, -0.f, INFINITY, -INFINITY, NAN, 0.625f, 0.92f, 4.f, 88.72f, 88.73f, -103.f, -104.f, -105.f})
    values.push_back(special);
  return values;
}

/// Worst error of a function over floats() within [low, high], and at NaN.
template <Function function>
void expect_within(double limit, double (*reference)(double), double low = -INFINITY, double high = INFINITY) {
  const std::vector<float> x = floats(), y = evaluate<function>(x);
  double worst = 0;
  float at = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i] < low || x[i] > high) continue;
    const double error = ulp_error(y[i], reference(x[i]));
    if (error > worst) {
      worst = error;
      at = x[i];
    }
  }
  EXPECT_LE(worst, limit) << "at " << at;
  testing::Test::RecordProperty("worst_ulp", std::to_string(worst));
}

// The GPU's expf and erff are within 2 ulp, its tanhf within 2 (CUDA C++ Programming Guide, mathematical functions).
#ifdef SOFTGPU
constexpr double kExpLimit = 1.0, kLimit = 1.5;
#else
constexpr double kExpLimit = 2.0, kLimit = 2.0;
#endif

TEST(DeviceMath, Exp) {
  expect_within<Function::exp>(kExpLimit, [](double x) { return std::exp(x); });
}
TEST(DeviceMath, Tanh) {
  expect_within<Function::tanh>(kLimit, [](double x) { return std::tanh(x); });
}
TEST(DeviceMath, Erf) {
  expect_within<Function::erf>(kLimit, [](double x) { return std::erf(x); });
}
TEST(DeviceMath, Sigmoid) {  // below -88 it is 0 where the true value is subnormal
  expect_within<Function::sigmoid>(
      3, [](double x) { return 1 / (1 + std::exp(-x)); }, -88);
}

std::vector<uint32_t> words(const Philox4& bits) { return {bits[0], bits[1], bits[2], bits[3]}; }

TEST(Philox, KnownAnswers) {  // kat_vectors of Random123
  EXPECT_EQ(words(philox4x32({{0, 0, 0, 0}}, {{0, 0}})),
            (std::vector<uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(words(philox4x32({{~0u, ~0u, ~0u, ~0u}}, {{~0u, ~0u}})),
            (std::vector<uint32_t>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(words(philox4x32({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {{0xa4093822, 0x299f31d0}})),
            (std::vector<uint32_t>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, UniformLiesInTheHalfOpenInterval) {
  EXPECT_EQ(uniform(0), 0.f);
  EXPECT_EQ(uniform(0x80000000u), 0.5f);
  EXPECT_LT(uniform(~0u), 1.f);
}

}  // namespace
}  // namespace cucurbit
