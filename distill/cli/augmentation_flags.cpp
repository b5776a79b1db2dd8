#include "distill/cli/augmentation_flags.h"

#include "kernels/error.h"

namespace cucurbit::cli {

void add_augmentation_flags(CLI::App& app, AugmentationFlags& flags) {
  const std::string group = "Augmentation";
  app.add_option("--max-shift,--crop-padding", flags.max_shift,
                 "move every image by up to so many pixels, as a random crop after so much padding does")
      ->check(CLI::Range(0, 1024))
      ->group(group)
      ->capture_default_str();
  app.add_option("--padding-mode", flags.padding_mode, "beyond an image's edge: constant (black) or reflect")
      ->check(CLI::IsMember({"constant", "reflect"}))
      ->group(group)
      ->capture_default_str();
  app.add_flag("--hflip", flags.hflip, "mirror images at random, half of them")->group(group);
  app.add_flag("--alternating-flip", flags.alternating_flip,
               "mirror half of the images at random, and every epoch the other half")
      ->group(group);
  app.add_option("--cutout", flags.cutout, "blank a square of so many pixels a side")
      ->check(CLI::NonNegativeNumber)
      ->group(group)
      ->capture_default_str();
  app.add_option("--reprob", flags.cutout_probability, "of --cutout: the share of images that are cut")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group)
      ->capture_default_str();
  app.add_flag("--no-aug", flags.no_aug, "no augmentation whatever the other options say")->group(group);
}

Augmentation AugmentationFlags::augmentation() const {
  if (no_aug) return {};
  if (cutout == 0 && cutout_probability < 1)
    throw Error(ErrorKind::usage, "[augmentation] --reprob without --cutout: say how large a square to blank");
  return {.max_shift = max_shift,
          .border = padding_mode == "reflect" ? Border::reflect : Border::constant,
          .flip = alternating_flip ? Flip::alternating
                  : hflip          ? Flip::random
                                   : Flip::none,
          .cutout = {.size = cutout, .probability = float(cutout_probability)}};
}

}  // namespace cucurbit::cli
