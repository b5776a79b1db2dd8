// What augmentations are refused for which images.
#include "engine/data/augmentation.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace cucurbit {
namespace {

void expect_refused(const Augmentation& augmentation, const Shape& image, std::string_view because) {
  test::expect_error(ErrorKind::usage, {"[augmentation]", to_string(image), because},
                     [&] { check_augmentation(augmentation, image); });
}

TEST(Augmentation, WhatImagesAllow) {
  check_augmentation({}, {1, 1, 1});
  check_augmentation({.max_shift = 40, .flip = Flip::random, .cutout = {.size = 100}}, {8, 9, 3});
  check_augmentation({.max_shift = 7, .border = Border::reflect}, {8, 9, 3});
  expect_refused({.max_shift = 8, .border = Border::reflect}, {8, 9, 3}, "reflection of 8");
  expect_refused({.max_shift = -1}, {8, 9, 3}, "shift");
  expect_refused({.cutout = {.size = -1}}, {8, 9, 3}, "cutout");
  expect_refused({.cutout = {.size = 2, .probability = 1.5}}, {8, 9, 3}, "cutout");
  check_augmentation({.rand_augment = {.operations = 2}, .color_jitter = {0.4f, 0.4f, 0.4f, 0.5f}}, {8, 9, 3});
  check_augmentation({.rand_augment = {.operations = 2}, .color_jitter = {0.4f, 0.4f, 0.4f, 0.5f}}, {8, 9, 1});
  expect_refused({.color_jitter = {.contrast = 0.1f}}, {8, 9, 4}, "1 or 3 channels");
  expect_refused({.rand_augment = {.operations = 1}}, {8, 9, 2}, "1 or 3 channels");
  expect_refused({.mixing = {.mixup = -1}}, {8, 9, 3}, "mixup");
  expect_refused({.mixing = {.cutmix = 1, .probability = 2}}, {8, 9, 3}, "mixup");
  expect_refused({.color_jitter = {.hue = 0.6f}}, {8, 9, 3}, "colour jitter");
  expect_refused({.color_jitter = {.brightness = -0.1f}}, {8, 9, 3}, "colour jitter");
  expect_refused({.rand_augment = {.operations = 17}}, {8, 9, 3}, "random operations");
  expect_refused({.rand_augment = {.operations = 1, .magnitude = 11}}, {8, 9, 3}, "random operations");
}

}  // namespace
}  // namespace cucurbit
