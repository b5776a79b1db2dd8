#pragma once

// PNG and JPEG files of any kind, made by zlib and stb_image_write.

#include <cstdint>
#include <string>
#include <string_view>

namespace cucurbit::test {

/// A PNG chunk with its length and checksum.
std::string png_chunk(std::string_view type, std::string_view data);

struct PngKind {
  std::uint32_t width = 0, height = 0;
  int depth = 8, color = 2;  // color: 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGB and alpha
  int interlace = 0;
};
std::string png_header(const PngKind& kind);

/// A whole file. `rows` has a filter byte (0) before every row; `before_data` holds further chunks.
std::string png(const PngKind& kind, std::string_view rows, std::string_view before_data = {});

/// The colour of a pixel in the pictures below.
std::uint8_t picture(int seed, int y, int x, int c);

/// 8-bit RGB files of picture(seed, ...).
std::string png_picture(int height, int width, int seed);
std::string jpeg_picture(int height, int width, int seed, int quality = 95);

/// The bytes that tests/values/images.json holds as text.
std::string from_base64(const std::string& text);

}  // namespace cucurbit::test
