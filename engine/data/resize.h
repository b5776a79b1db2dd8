#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/enum_names.h"

namespace cucurbit {

/// How an image is resized to a square. `crop`: the shorter side is scaled to the side of the square and the centre is
/// cut out, as by torchvision's Resize(size), CenterCrop(size). `stretch`: both sides are scaled to it.
enum class ResizeMode { crop, stretch };
constexpr auto names_of(ResizeMode) {
  return enum_names<ResizeMode>({{ResizeMode::crop, "crop"}, {ResizeMode::stretch, "stretch"}});
}

/// Scales an image by the triangle filter, as torch.nn.functional.interpolate(mode="bilinear", antialias=True): along
/// each axis, with s = in / out and r = max(s, 1),
///
///   y[i] = sum_j w(j) x[j] / sum_j w(j),   w(j) = max(0, 1 - |j + 1/2 - s (i + 1/2)| / r),
///
/// over the pixels j inside the image; rounded to nearest once, after both axes. (stb_image_resize differs at the
/// borders, where it repeats pixels, so a network trained with torchvision would see other images.)
///
///   image  [height, width, channels], sides >= 1
///   out    [size, size, channels], overwritten
///
/// Deterministic.
void resize_image(std::span<const uint8_t> image, int64_t height, int64_t width, int64_t channels, ResizeMode mode,
                  int64_t size, std::span<uint8_t> out);

}  // namespace cucurbit
