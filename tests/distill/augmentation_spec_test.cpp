// From the notation of timm and torchvision to what is done to images.
#include "distill/run/augmentation_spec.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/expect_error.h"

namespace cucurbit {
namespace {

void expect_refused(const AugmentationSpec& spec, std::string_view field, std::string_view value) {
  test::expect_error(ErrorKind::usage, {"[augmentation]", field, value}, [&] { spec.augmentation(); });
}

TEST(AugmentationSpec, NothingIsTheIdentity) {
  EXPECT_TRUE(AugmentationSpec{}.augmentation().is_identity());
  AugmentationSpec spec{.max_shift = 3, .hflip = true, .aa = "rand", .color_jitter = "0.4", .cutout = 4};
  EXPECT_FALSE(spec.augmentation().is_identity());
  spec.no_aug = true;
  EXPECT_TRUE(spec.augmentation().is_identity());
}

TEST(AugmentationSpec, CropsAndFlips) {
  const Augmentation crop =
      AugmentationSpec{.max_shift = 4, .padding_mode = Border::reflect, .hflip = true}.augmentation();
  EXPECT_EQ(crop.max_shift, 4);
  EXPECT_EQ(crop.border, Border::reflect);
  EXPECT_EQ(crop.flip, Flip::random);
  EXPECT_FALSE(crop.changes_values());
  EXPECT_EQ(AugmentationSpec{.max_shift = 2}.augmentation().border, Border::constant);
  EXPECT_EQ((AugmentationSpec{.hflip = true, .alternating_flip = true}.augmentation().flip), Flip::alternating);
}

TEST(AugmentationSpec, Cutout) {
  const Cutout all = AugmentationSpec{.cutout = 8}.augmentation().cutout;
  EXPECT_EQ(all.size, 8);
  EXPECT_EQ(all.probability, 1);
  EXPECT_EQ((AugmentationSpec{.cutout = 8, .reprob = 0.25}.augmentation().cutout.probability), 0.25f);
  expect_refused({.reprob = 0.25}, "`reprob`", "`cutout`");
}

TEST(AugmentationSpec, ColorJitter) {
  const auto values = [](const std::string& text) {
    const ColorJitter jitter = AugmentationSpec{.color_jitter = text}.augmentation().color_jitter;
    return std::vector<float>{jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue};
  };
  EXPECT_EQ(values("0.4"), (std::vector<float>{0.4f, 0.4f, 0.4f, 0}));
  EXPECT_EQ(values("0.1,0.2,0.3"), (std::vector<float>{0.1f, 0.2f, 0.3f, 0}));
  EXPECT_EQ(values("0.1,0.2,0.3,0.05"), (std::vector<float>{0.1f, 0.2f, 0.3f, 0.05f}));
  for (const char* bad : {"0.1,0.2", "x", "0.1,0.2,x", "1,1,1,1,1", "0.4,"})
    expect_refused({.color_jitter = bad}, "`color_jitter`", bad);
}

TEST(AugmentationSpec, RandAugment) {
  const auto of = [](const std::string& text) { return AugmentationSpec{.aa = text}.augmentation().rand_augment; };
  EXPECT_EQ(of("rand").operations, 2);
  EXPECT_EQ(of("rand").magnitude, 9);
  EXPECT_EQ(of("rand-m7.5-n3-p0.75").operations, 3);
  EXPECT_EQ(of("rand-m7.5-n3-p0.75").magnitude, 7.5f);
  EXPECT_EQ(of("rand-m7.5-n3-p0.75").probability, 0.75f);
  for (const char* bad : {"random", "rand-", "rand-m", "rand-x3", "rand-n1.5", "rand-mstd0.5", "autoaugment"})
    expect_refused({.aa = bad}, "`aa`", bad);
}

TEST(AugmentationSpec, Mixing) {
  EXPECT_FALSE(AugmentationSpec{}.augmentation().mixing.any());
  const Mixing mixing =
      AugmentationSpec{.mixup = 0.2, .cutmix = 1, .mixup_prob = 0.5, .mixup_switch_prob = 0.25}.augmentation().mixing;
  EXPECT_EQ(mixing.mixup, 0.2f);
  EXPECT_EQ(mixing.cutmix, 1);
  EXPECT_EQ(mixing.probability, 0.5f);
  EXPECT_EQ(mixing.switch_probability, 0.25f);
  EXPECT_FALSE((AugmentationSpec{.mixup = 0.2, .mixup_prob = 0}.augmentation().mixing.any()));
}

}  // namespace
}  // namespace cucurbit
