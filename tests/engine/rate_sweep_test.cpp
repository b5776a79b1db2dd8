// The learning rate finder: its rates, the smoothed loss, where it stops and what it suggests.
#include "engine/train/rate_sweep.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/small_data.h"
#include "support/small_networks.h"

namespace cucurbit::test {
namespace {

RateSweep sweep(int64_t steps, int64_t grad_accum_steps, double last) {
  const ImageSet images = easy_images(512, 8, 4, 7);
  const DeviceSet data(images, channel_statistics(images));
  Network network("small", small_mlp(4), {8, 8, 1}, 4, DType::f32, 3);
  return sweep_rates(
      [&](const TrainOptions& options) { return supervised_trainer(network, data, options, kCrossEntropy); },
      {.batch_size = 32, .grad_accum_steps = grad_accum_steps, .seed = 2}, steps, 1e-4, last);
}

TEST(RateSweep, RatesGrowByAFactorAndLossesAreAveraged) {
  const RateSweep result = sweep(60, 2, 1);
  ASSERT_EQ(result.points.size(), 60u);
  for (size_t i = 0; i < result.points.size(); ++i) {
    EXPECT_NEAR(result.points[i].rate, std::pow(10, -4 + 4 * double(i) / 59), 1e-6 * result.points[i].rate);
    double sum = 0, weights = 0;
    for (size_t j = 0; j <= i; ++j) {
      sum += std::pow(0.9, double(i - j)) * result.points[j].loss;
      weights += std::pow(0.9, double(i - j));
    }
    EXPECT_NEAR(result.points[i].smoothed, sum / weights, 1e-9) << i;
  }
  EXPECT_LT(result.points.back().smoothed, 0.5 * result.points.front().smoothed) << "a rate of 1 trains this network";
}

TEST(RateSweep, SuggestionsLieOnTheCurve) {
  const RateSweep result = sweep(200, 1, 1e30);
  EXPECT_LT(result.points.size(), 200u) << "such rates diverge";
  size_t lowest = 0;
  for (size_t i = 0; i < result.points.size(); ++i)
    if (result.points[i].smoothed < result.points[lowest].smoothed) lowest = i;
  EXPECT_DOUBLE_EQ(result.below_minimum, result.points[lowest].rate / 10);
  double steepest = 0, at = 0;
  for (size_t i = 1; i < lowest; ++i) {
    const double slope = (result.points[i + 1].smoothed - result.points[i - 1].smoothed) /
                         (std::log(result.points[i + 1].rate) - std::log(result.points[i - 1].rate));
    if (slope < steepest) {
      steepest = slope;
      at = result.points[i].rate;
    }
  }
  EXPECT_DOUBLE_EQ(result.steepest, at);
  EXPECT_GT(at, 1e-4);
}

}  // namespace
}  // namespace cucurbit::test
