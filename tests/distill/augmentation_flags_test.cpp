// From the words of the command line to what is done to images.
#include "distill/cli/augmentation_flags.h"

#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace cucurbit {
namespace {

/// What the program understands of these options.
Augmentation parsed(const std::string& options) {
  CLI::App app;
  cli::AugmentationFlags flags;
  cli::add_augmentation_flags(app, flags);
  app.parse(options);
  return flags.augmentation();
}

void expect_refused(const std::string& options, std::string_view word) {
  test::expect_error(ErrorKind::usage, {"[augmentation]", word}, [&] { parsed(options); });
}

TEST(AugmentationFlags, NothingIsTheIdentity) {
  EXPECT_TRUE(parsed("").is_identity());
  EXPECT_TRUE(parsed("--max-shift 3 --aa rand --color-jitter 0.4 --hflip --cutout 4 --no-aug").is_identity());
}

TEST(AugmentationFlags, CropsAndFlips) {
  const Augmentation crop = parsed("--crop-padding 4 --padding-mode reflect --hflip");
  EXPECT_EQ(crop.max_shift, 4);
  EXPECT_EQ(crop.border, Border::reflect);
  EXPECT_EQ(crop.flip, Flip::random);
  EXPECT_EQ(parsed("--max-shift 2").max_shift, 2);
  EXPECT_EQ(parsed("--max-shift 2").border, Border::constant);
  EXPECT_EQ(parsed("--hflip --alternating-flip").flip, Flip::alternating);
  EXPECT_FALSE(crop.changes_values());
}

TEST(AugmentationFlags, Cutout) {
  EXPECT_EQ(parsed("--cutout 8").cutout.size, 8);
  EXPECT_EQ(parsed("--cutout 8").cutout.probability, 1);
  EXPECT_EQ(parsed("--cutout 8 --reprob 0.25").cutout.probability, 0.25f);
  expect_refused("--reprob 0.25", "--cutout");
}

TEST(AugmentationFlags, ColorJitter) {
  const auto values = [](const std::string& text) {
    const ColorJitter jitter = parsed("--color-jitter " + text).color_jitter;
    return std::vector<float>{jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue};
  };
  EXPECT_EQ(values("0.4"), (std::vector<float>{0.4f, 0.4f, 0.4f, 0}));
  EXPECT_EQ(values("0.1,0.2,0.3"), (std::vector<float>{0.1f, 0.2f, 0.3f, 0}));
  EXPECT_EQ(values("0.1,0.2,0.3,0.05"), (std::vector<float>{0.1f, 0.2f, 0.3f, 0.05f}));
  for (const char* bad : {"0.1,0.2", "x", "0.1,0.2,x", "1,1,1,1,1", "0.4,"})
    expect_refused(std::string("--color-jitter ") + bad, bad);
}

TEST(AugmentationFlags, RandAugment) {
  const auto of = [](const std::string& text) { return parsed("--aa " + text).rand_augment; };
  EXPECT_EQ(of("rand").operations, 2);
  EXPECT_EQ(of("rand").magnitude, 9);
  EXPECT_EQ(of("rand-m7.5-n3-p0.75").operations, 3);
  EXPECT_EQ(of("rand-m7.5-n3-p0.75").magnitude, 7.5f);
  EXPECT_EQ(of("rand-m7.5-n3-p0.75").probability, 0.75f);
  for (const char* bad : {"random", "rand-", "rand-m", "rand-x3", "rand-n1.5", "rand-mstd0.5", "autoaugment"})
    expect_refused(std::string("--aa ") + bad, bad);
}

TEST(AugmentationFlags, Mixing) {
  EXPECT_FALSE(parsed("").mixing.any());
  const Mixing mixing = parsed("--mixup 0.2 --cutmix 1 --mixup-prob 0.5 --mixup-switch-prob 0.25").mixing;
  EXPECT_EQ(mixing.mixup, 0.2f);
  EXPECT_EQ(mixing.cutmix, 1);
  EXPECT_EQ(mixing.probability, 0.5f);
  EXPECT_EQ(mixing.switch_probability, 0.25f);
  EXPECT_FALSE(parsed("--mixup 0.2 --mixup-prob 0").mixing.any());
}

}  // namespace
}  // namespace cucurbit
