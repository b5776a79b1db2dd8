// Colour jitter and random operations inside gather_batch, against plain loops in double precision.
#include <algorithm>
#include <map>
#include <string>

#include "kernels/augment_reference.h"
#include "kernels/gather_fixture.h"

namespace cucurbit {
namespace {

constexpr StepState kStart{.seed = 8, .epoch = 2};

// --- RandAugment -----------------------------------------------------------------------------------------------------

TEST(RandAugment, OneOperationIsEachOfThemEquallyOften) {
  constexpr int64_t kSamples = 2400;
  const TestSet set = muted_set(kSamples, 18, 20, 3);
  const std::vector<Candidate> all = candidates(5, 18, 20);
  const HostBatch batch =
      gather<float>(set, kSamples, kStart, true, {.rand_augment = {.operations = 1, .magnitude = 5, .probability = 1}});
  std::map<std::string, int64_t> by_name;
  std::map<std::string, int64_t> first_direction;
  for (size_t i = 0; i < kSamples; ++i) {
    const Picture before = picture_of(set, batch.indices[i]), got = shown(set, batch, i);
    int found = 0;
    for (const Candidate& candidate : all)
      if (looks_like(got, done(before, {&candidate}, Border::constant), false)) {
        ++found;
        ++by_name[candidate.name];
        first_direction[candidate.name] += &candidate < &all[8];
      }
    ASSERT_EQ(found, 1) << "sample " << batch.indices[i];
  }
  std::vector<int64_t> counts;
  for (const auto& [name, count] : by_name) counts.push_back(count);
  EXPECT_EQ(counts.size(), 12u);
  EXPECT_LT(chi_square(counts), 12 + 6 * std::sqrt(24.0));
  for (const char* name : {"rotate", "shear_x", "shear_y", "translate_x", "translate_y", "brightness", "contrast"})
    EXPECT_NEAR(double(first_direction[name]), double(by_name[name]) / 2, 5 * std::sqrt(double(by_name[name]) / 4))
        << name;
}

TEST(RandAugment, TwoOperationsAreMadeInTheirOrder) {
  const std::vector<Candidate> all = candidates(5, 18, 20);
  for (const Border border : {Border::constant, Border::reflect}) {
    const TestSet set = muted_set(40, 18, 20, 3);
    const HostBatch batch = gather<float>(
        set, 40, kStart, true, {.border = border, .rand_augment = {.operations = 2, .magnitude = 5, .probability = 1}});
    for (size_t i = 0; i < 40; ++i) {
      const Picture before = picture_of(set, batch.indices[i]), got = shown(set, batch, i);
      bool found = false;
      for (const Candidate& first : all)
        for (const Candidate& second : all)
          found = found || looks_like(got, done(before, {&first, &second}, border), true);
      EXPECT_TRUE(found) << "sample " << batch.indices[i];
    }
  }
}

TEST(RandAugment, OperationsComeAfterCropAndFlip) {
  const TestSet set = muted_set(60, 18, 20, 1);
  const Augmentation crop{.max_shift = 3, .border = Border::reflect, .flip = Flip::random};
  Augmentation both = crop;
  both.rand_augment = {.operations = 1, .magnitude = 8, .probability = 1};
  const HostBatch cropped = gather<float>(set, 60, kStart, true, crop),
                  batch = gather<float>(set, 60, kStart, true, both);
  const std::vector<Candidate> all = candidates(8, 18, 20);
  for (size_t i = 0; i < 60; ++i) {
    const Picture before = shown(set, cropped, i), got = shown(set, batch, i);
    bool found = false;
    // Beyond the edge of the crop the image goes on, so compare where both look inside: the middle.
    for (const Candidate& candidate : all) {
      const Picture want = done(before, {&candidate}, Border::reflect);
      bool same = true;
      for (int h = 7; h < 11; ++h)
        for (int w = 8; w < 12; ++w) same = same && std::abs(got.at(h, w, 0) - want.at(h, w, 0)) < 1.01;
      const bool whole =
          candidate.name == "contrast" || candidate.name == "autocontrast" || candidate.name == "equalize";
      found = found || (same && (whole || candidate.color == nullptr || looks_like(got, want, true)));
    }
    EXPECT_TRUE(found) << "sample " << batch.indices[i];
  }
}

TEST(RandAugment, ProbabilityAndMagnitude) {
  constexpr int64_t kSamples = 2000;
  const TestSet set = muted_set(kSamples, 18, 20, 3);
  const auto unchanged = [&](const RandAugment& parameters) {
    const HostBatch batch = gather<float>(set, kSamples, kStart, true, {.rand_augment = parameters});
    int64_t count = 0;
    for (size_t i = 0; i < kSamples; ++i)
      count += looks_like(shown(set, batch, i), picture_of(set, batch.indices[i]), false);
    return double(count);
  };
  const double sigma = std::sqrt(kSamples / 4.);
  EXPECT_NEAR(unchanged({.operations = 1, .magnitude = 9, .probability = 0.5}), kSamples / 2., 5 * sigma);
  EXPECT_NEAR(unchanged({.operations = 2, .magnitude = 9, .probability = 0.5}), kSamples / 4., 5 * sigma);
  // Of magnitude 0 only autocontrast and equalize are left.
  EXPECT_NEAR(unchanged({.operations = 1, .magnitude = 0, .probability = 1}), kSamples * 10 / 12., 5 * sigma);
}

// --- colour jitter ---------------------------------------------------------------------------------------------------

/// The factors of an epoch by sample, each found from an epoch with that part alone; checks every image on the way.
std::vector<double> brightness_factors(const TestSet& set, float most) {
  const HostBatch batch = gather<float>(set, set.count, kStart, true, {.color_jitter = {.brightness = most}});
  std::vector<double> factors(size_t(set.count));
  for (size_t i = 0; i < factors.size(); ++i) {
    const Picture before = picture_of(set, batch.indices[i]), got = shown(set, batch, i);
    const auto darkest = std::min_element(before.values.begin(), before.values.end()) - before.values.begin();
    const double factor = got.values[size_t(darkest)] / before.values[size_t(darkest)];
    EXPECT_TRUE(looks_like(got, brightness(before, factor), false));
    factors[size_t(batch.indices[i])] = factor;
  }
  return factors;
}

/// As brightness_factors, for what blends with gray(h, w) of the image.
template <class Gray, class Reference>
std::vector<double> blend_factors(const TestSet& set, const ColorJitter& jitter, Gray&& other, Reference&& reference) {
  const HostBatch batch = gather<float>(set, set.count, kStart, true, {.color_jitter = jitter});
  std::vector<double> factors(size_t(set.count));
  for (size_t i = 0; i < factors.size(); ++i) {
    const Picture before = picture_of(set, batch.indices[i]), got = shown(set, batch, i);
    double best = 0, factor = 1;
    for (int h = 0; h < set.height; ++h)
      for (int w = 0; w < set.width; ++w)
        for (int c = 0; c < set.channels; ++c) {
          const double distance = before.at(h, w, c) - other(before, h, w);
          if (got.at(h, w, c) < 1 || got.at(h, w, c) > 254 || std::abs(distance) < best) continue;
          best = std::abs(distance);
          factor = (got.at(h, w, c) - other(before, h, w)) / distance;
        }
    EXPECT_TRUE(looks_like(got, reference(before, factor), false)) << "factor " << factor;
    factors[size_t(batch.indices[i])] = factor;
  }
  return factors;
}
std::vector<double> contrast_factors(const TestSet& set, float most) {
  return blend_factors(
      set, {.contrast = most}, [](const Picture& x, int, int) { return mean_gray(x); }, contrast);
}
std::vector<double> saturation_factors(const TestSet& set, float most) {
  return blend_factors(set, {.saturation = most}, gray, saturation);
}

std::vector<double> hue_turns(const TestSet& set, float most) {
  const HostBatch batch = gather<float>(set, set.count, kStart, true, {.color_jitter = {.hue = most}});
  std::vector<double> turns(size_t(set.count));
  for (size_t i = 0; i < turns.size(); ++i) {
    const Picture before = picture_of(set, batch.indices[i]), got = shown(set, batch, i);
    const auto hue = [](const Picture& x) { return hue_of(x.at(0, 0, 0), x.at(0, 0, 1), x.at(0, 0, 2)); };
    const double turn = std::fmod(hue(got) - hue(before) + 1.5, 1) - 0.5;
    EXPECT_TRUE(looks_like(got, turned_hue(before, turn), false)) << "turn " << turn;
    turns[size_t(batch.indices[i])] = turn;
  }
  return turns;
}

void expect_even(const std::vector<double>& values, double low, double high) {
  std::vector<int64_t> counts(8);
  for (double value : values) {
    ASSERT_GE(value, low - 1e-3);
    ASSERT_LE(value, high + 1e-3);
    ++counts[size_t(std::clamp(int((value - low) / (high - low) * 8), 0, 7))];
  }
  EXPECT_LT(chi_square(counts), 8 + 6 * std::sqrt(16.0));
}

TEST(ColorJitter, FactorsAreEvenlySpread) {
  const TestSet set = muted_set(1200, 5, 6, 3);
  expect_even(brightness_factors(set, 0.2f), 0.8, 1.2);
  expect_even(brightness_factors(set, 1.5f), 0, 2.5);
  expect_even(contrast_factors(set, 0.4f), 0.6, 1.4);
  expect_even(saturation_factors(set, 0.3f), 0.7, 1.3);
  expect_even(hue_turns(set, 0.1f), -0.1, 0.1);
  expect_even(contrast_factors(muted_set(1200, 5, 6, 1), 0.4f), 0.6, 1.4);
}

TYPED_TEST_SUITE(GatherTest, GatherTypes);

TYPED_TEST(GatherTest, ColorsAreChangedInTheOrderStated) {
  const TestSet set = muted_set(20, 5, 6, 3);
  const std::vector<double> bright = brightness_factors(set, 0.4f), strong = contrast_factors(set, 0.4f),
                            colored = saturation_factors(set, 0.4f), turns = hue_turns(set, 0.1f);
  const HostBatch batch = gather<TypeParam>(
      set, 20, kStart, true, {.color_jitter = {.brightness = 0.4f, .contrast = 0.4f, .saturation = 0.4f, .hue = 0.1f}});
  for (size_t i = 0; i < 20; ++i) {
    const auto sample = size_t(batch.indices[i]);
    Picture want = brightness(picture_of(set, int64_t(sample)), bright[sample]);
    want = turned_hue(saturation(contrast(want, strong[sample]), colored[sample]), turns[sample]);
    const std::vector<double> normalised = set.normalised([&](int h, int w, int c) { return want.at(h, w, c); });
    // The factors were read off images of float: good to 1e-6.
    test::expect_close(image(batch, i), normalised, dtype_of<TypeParam>, 100,
                       dtype_of<TypeParam> == DType::f64 ? 500 : 10, "jittered");
  }
}

TYPED_TEST(GatherTest, CropFlipAndCutoutAreTheSameWhereValuesChange) {
  // So small a jitter leaves every value as it is, but goes the other way through the code.
  for (int channels : {1, 3}) {
    const TestSet set = muted_set(24, 7, 6, channels);
    for (const Border border : {Border::constant, Border::reflect})
      for (const Flip flip : {Flip::none, Flip::random, Flip::alternating}) {
        const Augmentation plain{
            .max_shift = 3, .border = border, .flip = flip, .cutout = {.size = 3, .probability = 0.5f}};
        Augmentation jittered = plain;
        jittered.color_jitter.brightness = 1e-9f;
        const HostBatch want = gather<TypeParam>(set, 24, kStart, true, plain),
                        got = gather<TypeParam>(set, 24, kStart, true, jittered);
        EXPECT_EQ(got.labels, want.labels);
        EXPECT_EQ(got.indices, want.indices);
        test::expect_close(got.images, want.images, dtype_of<TypeParam>, 1, 1, "moved");
      }
  }
}

TYPED_TEST(GatherTest, ChangedViewsDependOnSeedEpochAndSampleAlone) {
  const TestSet set = muted_set(16, 18, 16, 3);
  const Augmentation augmentation{.max_shift = 2,
                                  .flip = Flip::random,
                                  .rand_augment = {.operations = 2},
                                  .color_jitter = {.contrast = 0.4f, .hue = 0.1f}};
  std::map<int32_t, std::vector<double>> views;
  const HostBatch whole = gather<TypeParam>(set, 16, {.seed = 5, .epoch = 1}, true, augmentation);
  for (size_t i = 0; i < 16; ++i) views[whole.indices[i]] = image(whole, i);
  for (int64_t number = 0; number < 4; ++number) {
    const HostBatch part = gather<TypeParam>(
        set, 4, {.seed = 5, .micro_batch = 9, .epoch = 1, .epoch_micro_batch = number}, false, augmentation);
    for (size_t i = 0; i < 4; ++i) EXPECT_TRUE(test::same_bits(image(part, i), views[part.indices[i]]));
  }
}

TEST(ColorJitter, WorksWithinTheBatchOfFloats) {
  const TestSet set = muted_set(12, 9, 8, 3);
  const Augmentation augmentation{.rand_augment = {.operations = 2}, .color_jitter = {.contrast = 0.4f}};
  const HostBatch apart = gather<float>(set, 12, kStart, true, augmentation);
  const DeviceBatch<float> batch(set, 12);
  kernels::BatchTarget<float> target = batch.target();
  target.workspace = target.images;
  const Tensor state = device_state(kStart);
  kernels::gather_batch(set.source(), as_state(state), true, augmentation, target, stream());
  EXPECT_TRUE(test::same_bits(apart.images, batch.host().images));
}

}  // namespace
}  // namespace cucurbit
