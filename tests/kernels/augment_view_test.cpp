// Crops, mirrored images and cutout: every view against a padded image, how often each is drawn, what it depends on.
#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "kernels/gather_fixture.h"

namespace cucurbit {
namespace {

constexpr StepState kStart{.seed = 8, .epoch = 2};

/// Which pixel of a line of n each place of the padded line shows; -1 for none.
std::vector<int> padded_line(int n, int padding, Border border) {
  std::vector<int> line;
  for (int k = padding; k >= 1; --k) line.push_back(border == Border::reflect ? k : -1);
  for (int i = 0; i < n; ++i) line.push_back(i);
  for (int k = 1; k <= padding; ++k) line.push_back(border == Border::reflect ? n - 1 - k : -1);
  return line;
}

/// The sample padded on all sides, cropped at (top, left) and mirrored.
std::vector<double> cropped(const TestSet& set, int64_t sample, const Augmentation& augmentation, int top, int left,
                            bool mirrored) {
  const std::vector<int> rows = padded_line(set.height, augmentation.max_shift, augmentation.border);
  const std::vector<int> columns = padded_line(set.width, augmentation.max_shift, augmentation.border);
  return set.normalised([&](int h, int w, int c) {
    const int from_h = rows[size_t(top + h)], from_w = columns[size_t(left + (mirrored ? set.width - 1 - w : w))];
    return from_h < 0 || from_w < 0 ? 0. : double(set.pixel(sample, from_h, from_w, c));
  });
}

using Crop = std::tuple<int, int, bool>;  // top, left, mirrored

std::optional<Crop> find_crop(const TestSet& set, int64_t sample, const Augmentation& augmentation,
                              const std::vector<double>& got, double tolerance) {
  for (int top = 0; top <= 2 * augmentation.max_shift; ++top)
    for (int left = 0; left <= 2 * augmentation.max_shift; ++left)
      for (bool mirrored : {false, true}) {
        const std::vector<double> want = cropped(set, sample, augmentation, top, left, mirrored);
        double worst = 0;
        for (size_t j = 0; j < got.size(); ++j) worst = std::max(worst, std::abs(got[j] - want[j]));
        if (worst <= tolerance) return Crop{top, left, mirrored};
      }
  return {};
}

TYPED_TEST_SUITE(GatherTest, GatherTypes);

TYPED_TEST(GatherTest, EveryViewIsACropOfThePaddedSample) {
  const Augmentation augmentations[] = {{},
                                        {.max_shift = 2},
                                        {.flip = Flip::random},
                                        {.max_shift = 2, .flip = Flip::random},
                                        {.max_shift = 7, .flip = Flip::alternating},
                                        {.max_shift = 2, .border = Border::reflect},
                                        {.max_shift = 4, .border = Border::reflect, .flip = Flip::random}};
  for (int channels : {1, 2, 3})
    for (const Augmentation& augmentation : augmentations) {
      const TestSet set(9, 6, 5, channels);
      const HostBatch batch = gather<TypeParam>(set, 9, kStart, true, augmentation);
      for (size_t i = 0; i < 9; ++i) {
        const int64_t sample = batch.indices[i];
        EXPECT_EQ(batch.labels[i], set.label_list[size_t(sample)]);
        const auto crop =
            find_crop(set, sample, augmentation, image(batch, i), test::tolerance(dtype_of<TypeParam>, 1, 4));
        EXPECT_TRUE(crop) << "sample " << sample << " is no view of itself";
        EXPECT_FALSE(crop && std::get<bool>(*crop) && augmentation.flip == Flip::none);
      }
    }
}

TYPED_TEST(GatherTest, TwoRunsAreBitEqual) {
  const TestSet set(20, 6, 5, 3);
  const Augmentation augmentation{.max_shift = 2, .flip = Flip::random, .cutout = {.size = 3}};
  EXPECT_TRUE(test::same_bits(gather<TypeParam>(set, 8, kStart, true, augmentation).images,
                              gather<TypeParam>(set, 8, kStart, true, augmentation).images));
}

TYPED_TEST(GatherTest, CutoutBlanksASquareAndNothingElse) {
  for (int channels : {1, 3, 4})
    for (int size : {1, 2, 3, 40}) {
      const TestSet set(16, 6, 9, channels);
      const HostBatch whole = gather<TypeParam>(set, 16, kStart, true, {.flip = Flip::random});
      const HostBatch cut = gather<TypeParam>(set, 16, kStart, true, {.flip = Flip::random, .cutout = {.size = size}});
      for (size_t i = 0; i < 16; ++i) {
        const std::vector<double> before = image(whole, i), after = image(cut, i);
        bool found = false;
        for (int centre_h = 0; centre_h < 6; ++centre_h)
          for (int centre_w = 0; centre_w < 9; ++centre_w) {
            std::vector<double> want = before;
            for (int h = centre_h - size / 2; h < centre_h - size / 2 + size; ++h)
              for (int w = centre_w - size / 2; w < centre_w - size / 2 + size; ++w)
                for (int c = 0; c < channels && h >= 0 && h < 6 && w >= 0 && w < 9; ++c)
                  want[size_t((h * 9 + w) * channels + c)] = 0;
            found |= test::same_bits(after, want);
          }
        EXPECT_TRUE(found) << "size " << size << ", image " << i;
      }
    }
}

TEST(Augment, AViewDependsOnSeedEpochAndSampleAlone) {
  // Another batch size and number, another place in the batch: the same picture.
  const TestSet set(16, 8, 8, 3);
  const Augmentation augmentation{
      .max_shift = 2, .border = Border::reflect, .flip = Flip::random, .cutout = {.size = 4, .probability = 0.5}};
  const auto pictures = [&](const StepState& state) {
    std::map<int32_t, std::vector<double>> views;
    const HostBatch whole = gather<float>(set, 16, state, true, augmentation);
    for (size_t i = 0; i < 16; ++i) views[whole.indices[i]] = image(whole, i);
    return views;
  };
  auto views = pictures({.seed = 5, .epoch = 1});
  EXPECT_EQ(views.size(), 16u);
  for (int64_t number = 0; number < 4; ++number) {
    const HostBatch part = gather<float>(set, 4, {.seed = 5, .micro_batch = 9, .epoch = 1, .epoch_micro_batch = number},
                                         false, augmentation);
    for (size_t i = 0; i < 4; ++i) EXPECT_TRUE(test::same_bits(image(part, i), views[part.indices[i]]));
  }
  for (const StepState& other : {StepState{.seed = 6, .epoch = 1}, StepState{.seed = 5, .epoch = 2}}) {
    int same = 0;
    for (auto& [sample, picture] : pictures(other)) same += test::same_bits(picture, views[sample]);
    EXPECT_LT(same, 5);
  }
}

TEST(Augment, ShiftsAndFlipsAreEvenlySpread) {
  constexpr int kSamples = 4000;
  const TestSet set(kSamples, 5, 6, 1);
  const Augmentation augmentation{.max_shift = 2, .flip = Flip::random};
  const HostBatch batch = gather<float>(set, kSamples, kStart, true, augmentation);
  std::map<Crop, int64_t> seen;
  for (size_t i = 0; i < kSamples; ++i) {
    const auto crop = find_crop(set, batch.indices[i], augmentation, image(batch, i), 1e-3);
    ASSERT_TRUE(crop);
    ++seen[*crop];
  }
  std::vector<int64_t> counts;
  for (const auto& [crop, count] : seen) counts.push_back(count);
  EXPECT_EQ(counts.size(), 50u);  // 25 shifts, mirrored or not
  EXPECT_LT(chi_square(counts), 50 + 6 * std::sqrt(100.0));
}

TEST(Augment, AlternatingFlipsTurnEveryImageEveryEpoch) {
  constexpr int kSamples = 1000;
  const TestSet set(kSamples, 3, 4, 1);
  const Augmentation augmentation{.flip = Flip::alternating};
  std::vector<bool> first(kSamples);
  for (int64_t epoch = 0; epoch < 5; ++epoch) {
    const HostBatch batch = gather<float>(set, kSamples, {.seed = 3, .epoch = epoch}, true, augmentation);
    for (size_t i = 0; i < kSamples; ++i) {
      const auto sample = size_t(batch.indices[i]);
      const auto crop = find_crop(set, int64_t(sample), augmentation, image(batch, i), 1e-3);
      ASSERT_TRUE(crop);
      const bool mirrored = std::get<bool>(*crop);
      if (epoch == 0) first[sample] = mirrored;
      EXPECT_EQ(mirrored, epoch % 2 ? !first[sample] : first[sample]) << "epoch " << epoch << ", sample " << sample;
    }
  }
  const auto mirrored_first = std::count(first.begin(), first.end(), true);
  EXPECT_NEAR(double(mirrored_first), 500, 5 * std::sqrt(250.0));
}

/// How many pixels of each place are cut out, over the images of an epoch. No pixel of a TestSet is the mean.
std::map<std::pair<int, int>, int64_t> cut_corners(const TestSet& set, int64_t count, const Cutout& cutout) {
  const HostBatch batch = gather<float>(set, count, kStart, true, {.cutout = cutout});
  std::map<std::pair<int, int>, int64_t> corners;
  for (size_t i = 0; i < size_t(count); ++i) {
    const std::vector<double> picture = image(batch, i);
    std::vector<int> blank;
    for (int at = 0; at < int(picture.size()); ++at)
      if (picture[size_t(at)] == 0) blank.push_back(at);
    if (!blank.empty()) ++corners[{blank.front(), blank.back()}];
  }
  return corners;
}

TEST(Augment, CutoutsAreEvenlySpreadAndAsFrequentAsAsked) {
  constexpr int64_t kSamples = 6000;
  const TestSet set(kSamples, 5, 6, 1);
  std::vector<int64_t> counts;
  for (const auto& [corner, count] : cut_corners(set, kSamples, {.size = 3})) counts.push_back(count);
  EXPECT_EQ(counts.size(), 30u);  // a square for every pixel
  EXPECT_LT(chi_square(counts), 30 + 6 * std::sqrt(60.0));
  for (double probability : {0., 0.25, 1.}) {
    int64_t total = 0;
    for (const auto& [corner, count] : cut_corners(set, kSamples, {.size = 3, .probability = float(probability)}))
      total += count;
    EXPECT_NEAR(double(total), probability * kSamples,
                5 * std::sqrt(kSamples * probability * (1 - probability)) + 1e-9);
  }
}

TEST(Augment, IdentityMeansThatNothingChangesInAnyEpoch) {
  EXPECT_TRUE(Augmentation{}.is_identity());
  EXPECT_TRUE((Augmentation{.border = Border::reflect, .cutout = {.size = 4, .probability = 0}}).is_identity());
  EXPECT_FALSE((Augmentation{.max_shift = 1}).is_identity());
  EXPECT_FALSE((Augmentation{.flip = Flip::random}).is_identity());
  EXPECT_FALSE((Augmentation{.flip = Flip::alternating}).is_identity());
  EXPECT_FALSE((Augmentation{.cutout = {.size = 1}}).is_identity());
  EXPECT_FALSE((Augmentation{.mixing = {.mixup = 0.2f}}).is_identity());
  EXPECT_FALSE((Augmentation{.mixing = {.cutmix = 1}}).is_identity());
  EXPECT_TRUE((Augmentation{.mixing = {.mixup = 0.2f, .probability = 0}}).is_identity());
  EXPECT_FALSE((Augmentation{.color_jitter = {.hue = 0.1f}}).is_identity());
  EXPECT_FALSE((Augmentation{.rand_augment = {.operations = 1}}).is_identity());
  EXPECT_TRUE((Augmentation{.rand_augment = {.operations = 1, .probability = 0}}).is_identity());
}

}  // namespace
}  // namespace cucurbit
