#include "cli/options/tables.h"

namespace cucurbit::cli {

std::vector<Option> augmentation_options(AugmentationSpec& spec) {
  return grouped(
      "Augmentation",
      {{"--max-shift,--crop-padding",
        "Move every image by up to so many pixels, which is what a random crop after so much padding does",
        &spec.max_shift, Range{.low = 0, .high = 1024}},
       {"--padding-mode", "What lies beyond the edge of an image: constant is black, reflect mirrors the image",
        choice(spec.padding_mode)},
       {"--hflip", "Mirror a random half of the images", &spec.hflip},
       {"--alternating-flip", "Mirror a random half of the images, and the other half in the next epoch",
        &spec.alternating_flip},
       {"--aa",
        "Random operations, as in rand-m9-n2-p0.5: a magnitude from 0 to 10, how many operations, and the probability "
        "of each",
        &spec.aa},
       {"--color-jitter",
        "Random colours: F for brightness, contrast and saturation alike, or B,C,S or B,C,S,HUE for each by itself",
        &spec.color_jitter},
       {"--cutout", "Blank a square of so many pixels a side", &spec.cutout, kNotNegative},
       {"--reprob", "The share of the images that --cutout applies to", &spec.reprob, kShare},
       {"--mixup", "Mix the images of a batch in pairs, with shares drawn from Beta(x, x), as in 0.2", &spec.mixup,
        kNotNegative},
       {"--cutmix", "Put boxes of other images into the images, with areas drawn from Beta(x, x), as in 1",
        &spec.cutmix, kNotNegative},
       {"--mixup-prob", "The share of the batches that --mixup and --cutmix apply to", &spec.mixup_prob, kShare},
       {"--mixup-switch-prob", "With both --mixup and --cutmix, the share of the mixed batches that take --cutmix",
        &spec.mixup_switch_prob, kShare},
       {"--no-aug", "Do not augment, whatever the other options say", &spec.no_aug}});
}

}  // namespace cucurbit::cli
