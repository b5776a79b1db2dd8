#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "engine/data/augmentation.h"

namespace cucurbit::cli {

/// The options that say what is done to training images, by the names of timm and torchvision.
struct AugmentationFlags {
  int max_shift = 0, cutout = 0;
  std::string padding_mode = "constant", color_jitter, auto_augment;
  double cutout_probability = 1, mixup = 0, cutmix = 0, mixing_probability = 1, switch_probability = 0.5;
  bool hflip = false, alternating_flip = false, no_aug = false;

  /// Throws Error usage for values that mean nothing.
  Augmentation augmentation() const;
};

void add_augmentation_flags(CLI::App& app, AugmentationFlags& flags);

}  // namespace cucurbit::cli
