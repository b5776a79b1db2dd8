#include "distill/cli/augmentation_flags.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "distill/cli/validators.h"
#include "kernels/error.h"

namespace cucurbit::cli {

namespace {
std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

std::optional<float> number(const std::string& text) {
  char* end = nullptr;
  const float value = std::strtof(text.c_str(), &end);
  return !text.empty() && end == text.c_str() + text.size() ? std::optional(value) : std::nullopt;
}

/// "", "F", "B,C,S" or "B,C,S,HUE".
ColorJitter parse_color_jitter(const std::string& text) {
  if (text.empty()) return {};
  std::vector<float> values;
  for (const std::string& part : split(text, ','))
    if (const auto value = number(part)) values.push_back(*value);
  if (values.size() != split(text, ',').size() || (values.size() != 1 && values.size() != 3 && values.size() != 4))
    throw Error(
        ErrorKind::usage,
        fmt::format("[augmentation] --color-jitter {}: expected one number, or three or four with commas", text));
  if (values.size() == 1) return {values[0], values[0], values[0], 0};
  return {values[0], values[1], values[2], values.size() == 4 ? values[3] : 0};
}

/// "" or "rand", followed by any of -mMAGNITUDE, -nOPERATIONS, -pPROBABILITY.
RandAugment parse_rand_augment(const std::string& text) {
  if (text.empty()) return {};
  RandAugment result{.operations = 2};
  const std::vector<std::string> parts = split(text, '-');
  bool good = parts[0] == "rand";
  for (size_t i = 1; good && i < parts.size(); ++i) {
    const auto value = number(parts[i].substr(std::min<size_t>(1, parts[i].size())));
    const char key = value ? parts[i][0] : ' ';
    if (key == 'm') result.magnitude = *value;
    if (key == 'n') result.operations = int(*value);
    if (key == 'p') result.probability = *value;
    good = key == 'm' || key == 'p' || (key == 'n' && float(result.operations) == *value);
  }
  if (!good)
    throw Error(ErrorKind::usage, fmt::format("[augmentation] --aa {}: expected rand, with any of -m9 (magnitude), -n2 "
                                              "(operations), -p0.5 (probability of each) behind it",
                                              text));
  return result;
}
}  // namespace

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
  app.add_option("--aa", flags.auto_augment,
                 "random operations, as rand-m9-n2-p0.5: magnitude 0 to 10, how many, with what probability each")
      ->group(group)
      ->capture_default_str();
  app.add_option("--color-jitter", flags.color_jitter,
                 "random colours, as F for brightness, contrast and saturation, or B,C,S or B,C,S,HUE")
      ->group(group)
      ->capture_default_str();
  app.add_option("--cutout", flags.cutout, "blank a square of so many pixels a side")
      ->check(kNotNegative)
      ->group(group)
      ->capture_default_str();
  app.add_option("--reprob", flags.cutout_probability, "of --cutout: the share of images that are cut")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group)
      ->capture_default_str();
  app.add_option("--mixup", flags.mixup, "mix the images of a batch in pairs, by shares from Beta(x, x); e.g. 0.2")
      ->check(kNotNegative)
      ->group(group)
      ->capture_default_str();
  app.add_option("--cutmix", flags.cutmix, "put boxes of other images in, of an area from Beta(x, x); e.g. 1")
      ->check(kNotNegative)
      ->group(group)
      ->capture_default_str();
  app.add_option("--mixup-prob", flags.mixing_probability, "of --mixup and --cutmix: the share of batches")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group)
      ->capture_default_str();
  app.add_option("--mixup-switch-prob", flags.switch_probability, "with both: the share of mixed batches with cutmix")
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
          .rand_augment = parse_rand_augment(auto_augment),
          .color_jitter = parse_color_jitter(color_jitter),
          .cutout = {.size = cutout, .probability = float(cutout_probability)},
          .mixing = {.mixup = float(mixup),
                     .cutmix = float(cutmix),
                     .probability = float(mixing_probability),
                     .switch_probability = float(switch_probability)}};
}

}  // namespace cucurbit::cli
