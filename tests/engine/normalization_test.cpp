// Batch norm and pooling beyond the op cases: running statistics, numerical stability, NaN, ties, invalid arguments.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/pooling.h"
#include "kernels/error.h"
#include "support/expect_error.h"

namespace cucurbit {
namespace {

/// Deterministic values with mean 0 and deviation about 1.
std::vector<double> noise(int64_t n) {
  std::vector<double> values(size_t(n), 0.0);
  for (int64_t i = 0; i < n; ++i) values[size_t(i)] = 1.7 * std::sin(double(i) * 1.618 + std::cos(double(i) * 0.37));
  return values;
}
template <class T>
Tensor upload(const std::vector<double>& values, const Shape& shape) {
  return Tensor::from_host(std::vector<T>(values.begin(), values.end()), shape);
}
template <class T>
Tensor filled(double value, int64_t n) {
  return upload<T>(std::vector<double>(size_t(n), value), {n});
}

struct Moments {
  double mean = 0, variance = 0;
};
template <class T>
Moments moments(const Tensor& x, int64_t channels, int64_t c) {
  const std::vector<T> values = x.to_host<T>();
  const double rows = double(values.size()) / double(channels);
  Moments result;
  for (size_t i = size_t(c); i < values.size(); i += size_t(channels)) result.mean += double(values[i]) / rows;
  for (size_t i = size_t(c); i < values.size(); i += size_t(channels))
    result.variance += std::pow(double(values[i]) - result.mean, 2) / rows;
  return result;
}

TEST(BatchNorm, RunningStatisticsMoveAsInPyTorch) {
  for (int64_t channels : {3, 300}) {
    const int64_t rows = 50;
    const Tensor x = upload<double>(noise(rows * channels), {rows, channels});
    const Tensor mean = filled<double>(2, channels), variance = filled<double>(3, channels);
    batch_norm(x, filled<double>(1, channels), filled<double>(0, channels), mean, variance, {.momentum = 0.25});
    const auto got_mean = mean.to_host<double>(), got_variance = variance.to_host<double>();
    for (int64_t c = 0; c < channels; ++c) {
      const Moments expected = moments<double>(x, channels, c);
      EXPECT_NEAR(got_mean[size_t(c)], 0.75 * 2 + 0.25 * expected.mean, 1e-12);
      EXPECT_NEAR(got_variance[size_t(c)], 0.75 * 3 + 0.25 * expected.variance * 50 / 49, 1e-12);
    }
  }
}

TEST(BatchNorm, FrozenStatisticsStay) {
  const Tensor x = upload<float>(noise(40), {10, 4});
  const Tensor mean = filled<float>(0.5, 4), variance = filled<float>(4, 4);
  const Tensor y = batch_norm(x, filled<float>(1, 4), filled<float>(0, 4), mean, variance, {.training = false});
  EXPECT_EQ(mean.to_host<float>(), std::vector<float>(4, 0.5f));
  EXPECT_EQ(variance.to_host<float>(), std::vector<float>(4, 4));
  const auto in = x.to_host<float>(), out = y.to_host<float>();
  for (size_t i = 0; i < in.size(); ++i) EXPECT_NEAR(out[i], (in[i] - 0.5) / std::sqrt(4 + 1e-5), 1e-6);
}

TEST(BatchNorm, MeanFarLargerThanDeviation) {
  // E[x^2] - E[x]^2 in float would be off by more than the variance itself here.
  const int64_t rows = 20000, channels = 5;
  std::vector<double> values = noise(rows * channels);
  for (double& value : values) value += 10000;
  const Tensor x = upload<float>(values, {rows, channels});
  const Tensor mean = filled<float>(0, channels), variance = filled<float>(0, channels);
  batch_norm(x, filled<float>(1, channels), filled<float>(0, channels), mean, variance, {.momentum = 1});
  const auto got_mean = mean.to_host<float>(), got_variance = variance.to_host<float>();
  for (int64_t c = 0; c < channels; ++c) {
    const Moments expected = moments<float>(x, channels, c);
    EXPECT_NEAR(got_mean[size_t(c)], expected.mean, 1e-3);  // one unit in the last place of 10000
    EXPECT_NEAR(got_variance[size_t(c)] / (expected.variance * rows / (rows - 1)), 1, 1e-4);
  }
}

TEST(BatchNorm, AnOutlierInTheFirstRowOfAChunk) {
  const int64_t rows = 4000, channels = 4;
  std::vector<double> values = noise(rows * channels);
  for (int64_t c = 0; c < channels; ++c) values[size_t(c)] = 1e4;
  const Tensor x = upload<float>(values, {rows, channels});
  const Tensor mean = filled<float>(0, channels), variance = filled<float>(0, channels);
  batch_norm(x, filled<float>(1, channels), filled<float>(0, channels), mean, variance, {.momentum = 1});
  const auto got_variance = variance.to_host<float>();
  for (int64_t c = 0; c < channels; ++c)
    EXPECT_NEAR(got_variance[size_t(c)] / (moments<float>(x, channels, c).variance * rows / (rows - 1)), 1, 1e-4);
}

TEST(BatchNorm, ConstantChannelGivesBeta) {
  const Tensor y =
      batch_norm(filled<float>(3.3, 60).reshape({20, 3}), filled<float>(2, 3), filled<float>(0.5, 3), {}, {}, {});
  for (float value : y.to_host<float>()) EXPECT_EQ(value, 0.5f);
}

TEST(BatchNorm, NaNPoisonsItsChannelOnly) {
  std::vector<double> values = noise(60);
  values[7 * 3 + 1] = NAN;
  const Tensor y = batch_norm(upload<float>(values, {20, 3}), filled<float>(1, 3), filled<float>(0, 3), {}, {}, {});
  const auto out = y.to_host<float>();
  for (size_t i = 0; i < out.size(); ++i) EXPECT_EQ(std::isnan(out[i]), i % 3 == 1) << i;
}

TEST(BatchNorm, GradientOfTheInputAloneAndOfTheParametersAlone) {
  const std::vector<double> values = noise(60);
  std::vector<std::vector<double>> dx, dgamma;
  for (bool with_parameters : {true, false})
    for (bool with_input : {true, false}) {
      Tensor x = upload<double>(values, {20, 3}), gamma = filled<double>(1.5, 3), beta = filled<double>(0.1, 3);
      if (with_input) require_gradient(x);
      if (with_parameters) {
        require_gradient(gamma);
        require_gradient(beta);
      }
      if (!with_input && !with_parameters) continue;
      Tape tape;
      tape.backward(batch_norm(x, gamma, beta, {}, {}, {.activation = Activation::relu}),
                    upload<double>(noise(60), {20, 3}));
      if (with_input) dx.push_back(x.grad().to_host<double>());
      if (with_parameters) dgamma.push_back(gamma.grad().to_host<double>());
    }
  EXPECT_EQ(dx.at(0), dx.at(1));
  EXPECT_EQ(dgamma.at(0), dgamma.at(1));
}

TEST(BatchNorm, RefusesWhatDoesNotFit) {
  const Tensor x = upload<float>(noise(8), {2, 4}), good = filled<float>(1, 4), bad = filled<float>(1, 3);
  const Tensor wide = filled<double>(1, 4), one = upload<float>(noise(4), {1, 4});
  const auto expect_refused = [](std::initializer_list<std::string_view> words, auto&& call) {
    test::expect_error(ErrorKind::input, words, call);
  };
  expect_refused({"[batch_norm] gamma", "f32 [3]", "f32 [2,4]"}, [&] { batch_norm(x, bad, good, good, good, {}); });
  expect_refused({"[batch_norm] beta", "f64 [4]", "f32 [4]"}, [&] { batch_norm(x, good, wide, good, good, {}); });
  expect_refused({"[batch_norm] running variance", "undefined"}, [&] { batch_norm(x, good, good, good, {}, {}); });
  expect_refused({"[batch_norm] running mean", "undefined"},
                 [&] { batch_norm(x, good, good, {}, {}, {.training = false}); });
  expect_refused({"[batch_norm] residual", "f32 [1,4]"}, [&] { batch_norm(x, good, good, good, good, {}, one); });
  expect_refused({"[batch_norm] training on one value", "f32 [1,4]"},
                 [&] { batch_norm(one, good, good, good, good, {}); });
  EXPECT_NO_THROW(batch_norm(one, good, good, good, good, {.training = false}));
}

TEST(MaxPool, FirstOfEqualValuesGetsTheGradient) {
  Tensor x = upload<float>({1, 1, 0, 1, 1, 1, 1, 0, 2}, {1, 3, 3, 1});
  require_gradient(x);
  Tape tape;
  tape.backward(pool2d(x, PoolKind::max, {.kernel = 2, .stride = 1}), upload<float>({1, 10, 100, 1000}, {1, 2, 2, 1}));
  // Windows, row-major: {1 1 1 1} -> 0; {1 0 1 1} -> 1; {1 1 1 0} -> 3; {1 1 0 2} -> 8.
  EXPECT_EQ(x.grad().to_host<float>(), (std::vector<float>{1, 10, 0, 100, 0, 0, 0, 0, 1000}));
}

TEST(MaxPool, NaNWinsAndMinusInfinityIsAValue) {
  const double inf = INFINITY;
  const Tensor x = upload<float>({1, 2, NAN, 3, -inf, -inf, -inf, -inf}, {1, 2, 2, 2});
  // Two channels: {1, NaN, -inf, -inf} and {2, 3, -inf, -inf}.
  const auto y = pool2d(x, PoolKind::max, {}).to_host<float>();
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], 3);
  Tensor low = upload<float>({-inf, -inf, -inf, -inf}, {1, 2, 2, 1});
  require_gradient(low);
  Tape tape;
  const Tensor largest = pool2d(low, PoolKind::max, {});
  EXPECT_EQ(largest.to_host<float>(), (std::vector<float>{float(-inf)}));
  tape.backward(largest);
  EXPECT_EQ(low.grad().to_host<float>(), (std::vector<float>{1, 0, 0, 0}));
}

TEST(Pool2d, RefusesWhatDoesNotFit) {
  const Tensor x = upload<float>(noise(400), {1, 20, 20, 1});
  for (PoolGeometry geometry : {PoolGeometry{.kernel = 0},
                                {.kernel = 2, .stride = 0},
                                {.kernel = 2, .padding = 2},
                                {.kernel = 2, .padding = -1}})
    test::expect_error(ErrorKind::input, {"[pool2d]", "kernel and stride of at least 1"},
                       [&] { pool2d(x, PoolKind::average, geometry); });
  test::expect_error(ErrorKind::input, {"[pool2d]", "[1,20,20,1]", "smaller than its window"},
                     [&] { pool2d(x, PoolKind::average, {.kernel = 21}); });
  test::expect_error(ErrorKind::input, {"[pool2d]", "17x17", "at most 16x16"},
                     [&] { pool2d(x, PoolKind::max, {.kernel = 17, .stride = 1}); });
  EXPECT_NO_THROW(pool2d(x, PoolKind::average, {.kernel = 17, .stride = 1}));
  test::expect_error(ErrorKind::input, {"[pool2d]", "[20,20]", "[N,H,W,C]"}, [&] {
    pool2d(x.reshape({20, 20}), PoolKind::max, {});
  });
  test::expect_error(ErrorKind::input, {"[global_average_pool]", "[2,0,4,3]", "at least one pixel"}, [&] {
    global_average_pool(upload<float>({}, {2, 0, 4, 3}));
  });
}

}  // namespace
}  // namespace cucurbit
