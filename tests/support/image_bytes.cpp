#include "support/image_bytes.h"

#include <zlib.h>

#include <cmath>
#include <vector>

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace cucurbit::test {

namespace {
std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}
}  // namespace

std::string png_chunk(std::string_view type, std::string_view data) {
  const std::string body = std::string(type).append(data);
  const uLong sum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body + big_endian(static_cast<std::uint32_t>(sum));
}

std::string png_header(const PngKind& kind) {
  std::string data = big_endian(kind.width) + big_endian(kind.height);
  for (const int value : {kind.depth, kind.color, 0, 0, kind.interlace}) data.push_back(static_cast<char>(value));
  return png_chunk("IHDR", data);
}

std::string png(const PngKind& kind, std::string_view rows, std::string_view before_data) {
  std::string packed(compressBound(rows.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  packed.resize(size);
  return "\x89PNG\r\n\x1a\n" + png_header(kind) + std::string(before_data) + png_chunk("IDAT", packed) +
         png_chunk("IEND", "");
}

std::uint8_t picture(int seed, int y, int x, int c) {
  return static_cast<std::uint8_t>(std::lround(127.5 + 100 * std::sin(0.3 * x + seed + c) * std::cos(0.2 * y - seed)));
}

std::string png_picture(int height, int width, int seed) {
  std::string rows;
  for (int y = 0; y < height; ++y) {
    rows.push_back('\0');
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) rows.push_back(static_cast<char>(picture(seed, y, x, c)));
  }
  return png({.width = static_cast<std::uint32_t>(width), .height = static_cast<std::uint32_t>(height)}, rows);
}

std::string jpeg_picture(int height, int width, int seed, int quality) {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) pixels.push_back(picture(seed, y, x, c));
  std::string file;
  const auto append = [](void* to, void* bytes, int size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
  };
  stbi_write_jpg_to_func(append, &file, width, height, 3, pixels.data(), quality);
  return file;
}

std::string from_base64(const std::string& text) {
  const std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<unsigned>(digits.find(c));
    if ((count += 6) >= 8) bytes.push_back(static_cast<char>(bits >> (count -= 8)));
  }
  return bytes;
}

}  // namespace cucurbit::test
