#pragma once

#include <string>

#include "engine/data/augmentation.h"

namespace cucurbit {

/// What is done to training images, by the names and in the notation of timm and torchvision.
struct AugmentationSpec {
  int max_shift = 0;
  Border padding_mode = Border::constant;
  bool hflip = false, alternating_flip = false;
  std::string aa;            // "rand", followed by any of -mMAGNITUDE, -nOPERATIONS, -pPROBABILITY; empty: none
  std::string color_jitter;  // "F", "B,C,S" or "B,C,S,HUE"; empty: none
  int cutout = 0;
  double reprob = 1;  // share of the images that are cut
  double mixup = 0, cutmix = 0, mixup_prob = 1, mixup_switch_prob = 0.5;
  bool no_aug = false;  // none of the above

  /// Throws Error usage for values that mean nothing.
  Augmentation augmentation() const;
};

}  // namespace cucurbit
