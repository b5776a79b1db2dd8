// Mixup and cutmix: how shares and boxes are drawn, and what becomes of the images.
#include "kernels/augment_mix.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

#include "kernels/gather_fixture.h"

namespace cucurbit {
namespace {

struct Draw {
  double weight;
  std::array<int, 4> box;  // top, left, bottom, right

  bool operator==(const Draw&) const = default;
  int area() const { return (box[2] - box[0]) * (box[3] - box[1]); }
};

/// What is drawn for `count` steps in a row.
std::vector<Draw> draws(const Mixing& mixing, int64_t count, int height = 16, int width = 20, uint64_t seed = 11) {
  const Tensor weights = Tensor::empty({count}, DType::f32), boxes = Tensor::empty({count, 4}, DType::i32);
  for (int64_t step = 0; step < count; ++step) {
    const Tensor state = device_state({.seed = seed, .micro_batch = step, .epoch = 3, .epoch_micro_batch = 7});
    kernels::draw_mix(as_state(state), mixing, height, width,
                      {weights.data<float>() + step, boxes.data<int32_t>() + 4 * step}, stream());
  }
  const std::vector<float> weight = weights.to_host<float>();
  const std::vector<int32_t> box = boxes.to_host<int32_t>();
  std::vector<Draw> all;
  for (size_t i = 0; i < weight.size(); ++i)
    all.push_back({weight[i], {box[4 * i], box[4 * i + 1], box[4 * i + 2], box[4 * i + 3]}});
  return all;
}

TEST(Mix, SharesHaveTheMomentsOfBeta) {
  constexpr int kCount = 20000;
  for (double a : {0.1, 0.4, 1., 2.5, 20.}) {
    double mean = 0, second = 0, fourth = 0;
    for (const Draw& draw : draws({.mixup = float(a)}, kCount)) {
      EXPECT_GE(draw.weight, 0);
      EXPECT_LE(draw.weight, 1);
      const double x = draw.weight - 0.5;
      mean += x / kCount;
      second += x * x / kCount;
      fourth += x * x * x * x / kCount;
    }
    const double variance = 1 / (4 * (2 * a + 1)), want_fourth = 3 / (16 * (2 * a + 1) * (2 * a + 3));
    const double want_eighth = 105 / (256 * (2 * a + 1) * (2 * a + 3) * (2 * a + 5) * (2 * a + 7));
    EXPECT_NEAR(mean, 0, 5 * std::sqrt(variance / kCount)) << a;
    EXPECT_NEAR(second, variance, 5 * std::sqrt((want_fourth - variance * variance) / kCount)) << a;
    EXPECT_NEAR(fourth, want_fourth, 5 * std::sqrt((want_eighth - want_fourth * want_fourth) / kCount)) << a;
  }
}

TEST(Mix, SharesHaveTheDistributionOfBeta) {
  constexpr int kCount = 20000;
  const std::pair<float, std::function<double(double)>> distributions[] = {
      {0.5f, [](double x) { return 2 / std::numbers::pi * std::asin(std::sqrt(x)); }},
      {1.f, [](double x) { return x; }},
      {2.f, [](double x) { return x * x * (3 - 2 * x); }}};
  for (const auto& [a, distribution] : distributions) {
    std::vector<double> weights;
    for (const Draw& draw : draws({.mixup = a}, kCount)) weights.push_back(draw.weight);
    std::sort(weights.begin(), weights.end());
    double worst = 0;  // Kolmogorov and Smirnov's: 1.95 / sqrt(n) is exceeded once in a thousand times
    for (int i = 0; i < kCount; ++i)
      worst = std::max(worst, std::abs((i + 0.5) / kCount - distribution(weights[size_t(i)])));
    EXPECT_LT(worst, 1.95 / std::sqrt(kCount)) << a;
  }
}

TEST(Mix, DependsOnSeedAndStepAlone) {
  const Mixing mixing{.mixup = 0.4f, .cutmix = 1};
  const std::vector<Draw> first = draws(mixing, 50);
  EXPECT_EQ(first, draws(mixing, 50));
  int same = 0;
  const std::vector<Draw> other = draws(mixing, 50, 16, 20, 12);
  for (size_t i = 0; i < 50; ++i) same += first[i] == other[i];
  EXPECT_LT(same, 5);
}

TEST(Mix, AsOftenAsAskedAndEitherOfTheTwo) {
  constexpr int kCount = 4000;
  int mixed = 0, cut = 0;
  for (const Draw& draw :
       draws({.mixup = 1, .cutmix = 1, .probability = 0.25f, .switch_probability = 0.75f}, kCount, 64, 64)) {
    mixed += draw.weight < 1;
    cut += draw.area() > 0;
  }
  // One cutmix in a thousand or so takes less than a pixel.
  EXPECT_NEAR(mixed, kCount / 4., 5 * std::sqrt(kCount * 0.25 * 0.75) + 3);
  EXPECT_NEAR(cut, kCount * 3 / 16., 5 * std::sqrt(kCount * 3 / 16. * 13 / 16.) + 3);
  for (const Draw& draw : draws({.mixup = 0.4f}, 200)) EXPECT_EQ(draw.area(), 0);
  for (const Draw& draw : draws({.cutmix = 1, .probability = 0}, 200)) EXPECT_EQ(draw, (Draw{1, {}}));
}

TEST(Mix, BoxesAreAsLargeAsTheShareAndEvenlySpread) {
  constexpr int kCount = 6000, kHeight = 16, kWidth = 20;
  // The same bits draw the share of both.
  const std::vector<Draw> shares = draws({.mixup = 1}, kCount, kHeight, kWidth);
  const std::vector<Draw> boxes = draws({.cutmix = 1}, kCount, kHeight, kWidth);
  std::vector<int64_t> centres(16);
  for (size_t i = 0; i < kCount; ++i) {
    const auto [top, left, bottom, right] = boxes[i].box;
    const double side = std::sqrt(1 - shares[i].weight);
    const auto expect_side = [](int low, int high, double want, int most) {
      EXPECT_GE(low, 0);
      EXPECT_LE(high, most);
      EXPECT_LE(high - low, want + 1e-3);
      EXPECT_TRUE(low == 0 || high == most || high - low > want - 1 - 1e-3);
    };
    expect_side(top, bottom, side * kHeight, kHeight);
    expect_side(left, right, side * kWidth, kWidth);
    EXPECT_NEAR(boxes[i].weight, 1 - boxes[i].area() / double(kHeight * kWidth), 1e-6);
    // Of small boxes that lie inside, where is the middle?
    if (bottom - top == 4 && top > 0 && bottom < kHeight) ++centres[size_t((top + bottom) / 2)];
  }
  std::vector<int64_t> inside(centres.begin() + 3, centres.begin() + 14);  // rows 3 to 13 hold four rows around them
  EXPECT_LT(chi_square(inside), 11 + 6 * std::sqrt(22.0));
}

TYPED_TEST_SUITE(GatherTest, GatherTypes);

TYPED_TEST(GatherTest, ImagesAreMixedInPairs) {
  constexpr DType kType = dtype_of<TypeParam>;
  for (int64_t size : {0, 1, 2, 5, 8})
    for (const auto& [height, width, channels] : {std::array{3, 4, 1}, {7, 5, 3}, {40, 33, 2}})
      for (const Draw& draw :
           {Draw{1, {}}, Draw{0.3125, {}}, Draw{0.75, {0, 1, 2, 4}}, Draw{0, {0, 0, height, width}}}) {
        const int64_t pixels = height * width * channels;
        std::vector<double> before(static_cast<size_t>(size * pixels));
        for (size_t i = 0; i < before.size(); ++i) before[i] = double(i * 37 % 101) / 64 - 0.75;
        before = test::rounded(before, kType);
        std::vector<double> want = before;
        for (int64_t i = 0; i < size; ++i)
          for (int64_t j = 0; j < pixels; ++j) {
            const double own = before[size_t(i * pixels + j)], other = before[size_t((size - 1 - i) * pixels + j)];
            const int64_t h = j / channels / width, w = j / channels % width;
            const auto [top, left, bottom, right] = draw.box;
            double& x = want[size_t(i * pixels + j)];
            if (draw.area() == 0 && draw.weight < 1)
              x = draw.weight * own + (1 - draw.weight) * other;
            else if (h >= top && h < bottom && w >= left && w < right)
              x = other;
          }
        const Tensor images = test::to_device(before, {size, height, width, channels}, kType);
        const Tensor weight = Tensor::from_host(std::vector<float>{float(draw.weight)}, {1});
        const Tensor box = Tensor::from_host(std::vector<int32_t>(draw.box.begin(), draw.box.end()), {4});
        kernels::mix_images(images.data<TypeParam>(), size, height, width, channels,
                            {weight.data<float>(), box.data<int32_t>()}, stream());
        const std::vector<double> got = test::to_host(images);
        test::expect_close(got, want, kType, 2, 1, "mixed images");
        EXPECT_TRUE(draw.weight == 0.3125 || got == want);
      }
}

TYPED_TEST(GatherTest, LabelsComeInTheOppositeOrderToo) {
  const TestSet set(9, 3, 3, 1);
  for (const Augmentation& augmentation : {Augmentation{}, {.color_jitter = {.brightness = 0.1f}}}) {
    const DeviceBatch<TypeParam> batch(set, 7);
    const Tensor mirrored = Tensor::empty({7}, DType::i32);
    kernels::BatchTarget<TypeParam> target = batch.target();
    target.second_labels = mirrored.data<int32_t>();
    const Tensor state = device_state({.seed = 1});
    kernels::gather_batch(set.source(), as_state(state), true, augmentation, target, stream());
    std::vector<int32_t> labels = batch.host().labels;
    std::reverse(labels.begin(), labels.end());
    EXPECT_EQ(mirrored.template to_host<int32_t>(), labels);
  }
}

}  // namespace
}  // namespace cucurbit
