#include "distill/run/augmentation_spec.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <vector>

#include "kernels/error.h"

namespace cucurbit {

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
        fmt::format("[augmentation] `color_jitter` {}: expected one number, or three or four separated by commas",
                    text));
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
    throw Error(ErrorKind::usage,
                fmt::format("[augmentation] `aa` {}: expected rand, followed by any of -m9 (magnitude), "
                            "-n2 (operations) and -p0.5 (probability of each)",
                            text));
  return result;
}
}  // namespace

Augmentation AugmentationSpec::augmentation() const {
  if (no_aug) return {};
  if (cutout == 0 && reprob < 1)
    throw Error(ErrorKind::usage, "[augmentation] `reprob` without `cutout`: give the side of the square to blank");
  return {.max_shift = max_shift,
          .border = padding_mode,
          .flip = alternating_flip ? Flip::alternating
                  : hflip          ? Flip::random
                                   : Flip::none,
          .rand_augment = parse_rand_augment(aa),
          .color_jitter = parse_color_jitter(color_jitter),
          .cutout = {.size = cutout, .probability = float(reprob)},
          .mixing = {.mixup = float(mixup),
                     .cutmix = float(cutmix),
                     .probability = float(mixup_prob),
                     .switch_probability = float(mixup_switch_prob)}};
}

}  // namespace cucurbit
