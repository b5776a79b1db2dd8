// Evaluation against plain loops over the logits.
#include "engine/train/evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/small_data.h"
#include "support/small_networks.h"

namespace cucurbit::test {
namespace {

constexpr int64_t kImages = 203, kClasses = 9;

TEST(Evaluate, CountsWhatTheLogitsSay) {
  const ImageSet images = easy_images(kImages, 8, kClasses, 7);
  const DeviceSet data(images, channel_statistics(images));
  Network network("small", small_mlp(kClasses), {8, 8, 1}, kClasses, DType::f32, 1);
  const std::vector<float> logits = logits_of(network, data).to_host<float>();
  std::vector<int64_t> within(kClasses, 0);  // images whose class is among the k + 1 largest logits
  std::vector<int64_t> confusion(kClasses * kClasses, 0);
  double loss = 0;
  for (int64_t i = 0; i < kImages; ++i) {
    const float* row = &logits[size_t(i * kClasses)];
    const int64_t label = images.labels[size_t(i)];
    const int64_t rank = std::count_if(row, row + kClasses, [&](float other) { return other > row[label]; });
    for (int64_t k = rank; k < kClasses; ++k) ++within[size_t(k)];
    ++confusion[size_t(label * kClasses + (std::max_element(row, row + kClasses) - row))];
    double sum = 0;
    for (int64_t c = 0; c < kClasses; ++c) sum += std::exp(double(row[c]));
    loss += (std::log(sum) - row[label]) / kImages;
  }
  ASSERT_NE(within[3], within[4]) << "every rank must occur, as in an untrained network";
  ASSERT_NE(within[4], within[5]);
  const Evaluation result = evaluate(network, data, {.batch_size = 50});
  EXPECT_EQ(result.samples, kImages);
  EXPECT_EQ(result.errors, kImages - within[0]);
  EXPECT_EQ(result.top1, double(within[0]) / kImages);
  EXPECT_EQ(result.top5, double(within[4]) / kImages);
  EXPECT_EQ(result.confusion, confusion);
  EXPECT_NEAR(result.loss, loss, 1e-5);
}

TEST(Evaluate, FlipAveragesTheLogitsOfBothImages) {
  const ImageSet images = easy_images(53, 8, 4, 9);
  std::vector<uint8_t> pixels(images.images.size());
  for (int64_t row = 0; row < images.count * 8; ++row)
    for (int64_t w = 0; w < 8; ++w) pixels[size_t(row * 8 + w)] = images.images[size_t(row * 8 + 7 - w)];
  ImageSet turned = images;
  turned.own(std::move(pixels));
  for (const DType compute : {DType::f32, DType::f64}) {
    Network network("small", small_mlp(4), {8, 8, 1}, 4, compute, 1);
    const DeviceSet plain(images, channel_statistics(images));
    const DeviceSet mirrored(turned, channel_statistics(images));
    const auto logits = [&](const DeviceSet& set, bool flip) {
      const Tensor all = logits_of(network, set, {.batch_size = 20, .flip = flip});
      const std::vector<float> narrow = compute == DType::f32 ? all.to_host<float>() : std::vector<float>();
      return compute == DType::f64 ? all.to_host<double>() : std::vector<double>(narrow.begin(), narrow.end());
    };
    const std::vector<double> a = logits(plain, false), b = logits(mirrored, false), both = logits(plain, true);
    ASSERT_EQ(both.size(), 53u * 4);
    for (size_t i = 0; i < both.size(); ++i) EXPECT_NEAR(both[i], (a[i] + b[i]) / 2, 1e-6) << i;
    EXPECT_NE(a, b);
  }
}

TEST(Evaluate, ClassReportsAreSharesOfRowsAndColumns) {
  // Of class 0 three images are right and one is predicted as class 1; class 1 has none; of class 2 one of two is
  // right.
  const std::vector<ClassReport> reports = class_reports({.samples = 6, .confusion = {3, 1, 0, 0, 0, 0, 1, 0, 1}});
  ASSERT_EQ(reports.size(), 3u);
  const auto expect_report = [](const ClassReport& got, const ClassReport& expected) {
    EXPECT_EQ(got.images, expected.images);
    EXPECT_EQ(got.correct, expected.correct);
    EXPECT_EQ(got.recall, expected.recall);
    EXPECT_EQ(got.precision, expected.precision);
  };
  expect_report(reports[0], {.images = 4, .correct = 3, .recall = 0.75, .precision = 0.75});
  expect_report(reports[1], {.images = 0, .correct = 0, .recall = 0, .precision = 0});
  expect_report(reports[2], {.images = 2, .correct = 1, .recall = 0.5, .precision = 1});
}

}  // namespace
}  // namespace cucurbit::test
