#pragma once

// PNG and JPEG files, decoded by stb_image from memory. The content decides the format, not the name.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace cucurbit {

constexpr uint64_t kLargestImageFile = uint64_t{256} << 20;
constexpr int64_t kMostPixels = int64_t{1} << 26;  // 8192 x 8192

/// Pixels [height, width, 3], red, green, blue.
struct RgbImage {
  struct Free {
    void operator()(uint8_t* bytes) const { std::free(bytes); }
  };
  int64_t height = 0, width = 0;
  std::unique_ptr<uint8_t[], Free> pixels;

  std::span<const uint8_t> bytes() const { return {pixels.get(), size_t(height * width * 3)}; }
};

/// Decodes the PNG or JPEG file that `file` holds; `path` names it in errors.
///
/// The result is that of Pillow's convert('RGB'), up to rounding in JPEG: gray becomes three equal channels, a palette
/// its colours, alpha is dropped, of 16 bits the upper 8 are kept, and CMYK (as Adobe's programs write it) becomes (255
/// - C)(255 - K) / 255. Orientation tags are ignored. Throws Error(input) for formats other than PNG and JPEG, which it
/// names, for damaged or truncated data (PNG: every checksum is verified), for more than kMostPixels pixels, and for
/// data that decompress to more than the image needs.
RgbImage decode_image(std::span<const uint8_t> file, const std::string& path);

/// Reads and decodes a file of at most kLargestImageFile bytes. Throws Error(io) where it cannot be read.
RgbImage read_image(const std::filesystem::path& path);

}  // namespace cucurbit
