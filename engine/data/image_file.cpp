#include "engine/data/image_file.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "engine/io/input_file.h"
#include "kernels/error.h"

namespace {

/// The memory of stb_image: no block may be larger than an image of the announced size needs, which stops files that
/// decompress without end. It is zeroed, so that pixels which damaged data leave unset are at least the same in every
/// run.
thread_local size_t largest_block = 0;
thread_local bool block_refused = false;

bool is_refused(size_t size) {
  const bool refused = size > largest_block;
  block_refused = block_refused || refused;
  return refused;
}

void* take_block(size_t size) { return is_refused(size) ? nullptr : std::calloc(1, size); }
void* grow_block(void* block, size_t old_size, size_t size) {
  if (is_refused(size)) return nullptr;
  void* const grown = std::realloc(block, size);
  if (grown != nullptr && size > old_size) std::memset(static_cast<char*>(grown) + old_size, 0, size - old_size);
  return grown;
}

}  // namespace

#define STBI_MALLOC take_block
#define STBI_REALLOC_SIZED grow_block
#define STBI_FREE std::free
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

namespace cucurbit {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr std::string_view kPngMagic{"\x89PNG\r\n\x1a\n", 8};
constexpr std::string_view kJpegMagic{"\xff\xd8\xff", 3};

[[noreturn]] void reject(const std::string& path, const std::string& message) {
  throw Error(ErrorKind::input, fmt::format("[image] {}: {}", path, message));
}

bool begins_with(Bytes file, std::string_view magic) {
  return file.size() >= magic.size() && std::memcmp(file.data(), magic.data(), magic.size()) == 0;
}

/// Names the format of a file that is neither PNG nor JPEG.
std::string describe(Bytes file) {
  struct Kind {
    std::string_view magic, name;
  };
  static constexpr Kind kKinds[] = {{"GIF8", "a GIF image"},
                                    {"BM", "a BMP image"},
                                    {"II*", "a TIFF image"},
                                    {"MM\0*", "a TIFF image"},
                                    {"8BPS", "a Photoshop image"},
                                    {"%PDF", "a PDF document"},
                                    {"PK\3\4", "a zip archive"},
                                    {"\x1f\x8b", "gzip data"},
                                    {"<svg", "an SVG drawing"},
                                    {"<?xml", "an XML text"},
                                    {"<!DOCTYPE", "a web page"},
                                    {"<html", "a web page"},
                                    {"version https://git-lfs", "a Git LFS pointer instead of the file itself"}};
  for (const Kind& kind : kKinds)
    if (begins_with(file, kind.magic)) return std::string(kind.name);
  if (begins_with(file, "RIFF") && file.size() >= 12 && begins_with(file.subspan(8), "WEBP")) return "a WebP image";
  if (file.size() >= 12 && begins_with(file.subspan(4), "ftyp")) return "an HEIC or AVIF image, or a video";
  const Bytes start = file.first(std::min<size_t>(file.size(), 256));
  const bool text = std::all_of(start.begin(), start.end(), [](uint8_t c) { return c >= 32 || (c >= 9 && c <= 13); });
  return text ? "a text file" : "not an image of a known format";
}

uint32_t big_endian(Bytes file, size_t at) {
  return uint32_t{file[at]} << 24 | uint32_t{file[at + 1]} << 16 | uint32_t{file[at + 2]} << 8 | file[at + 3];
}

/// Verifies the checksum of every chunk up to the end mark, which stb_image does not.
void check_png(Bytes file, const std::string& path) {
  bool first = true;
  for (size_t at = kPngMagic.size();;) {
    if (file.size() - at < 12) reject(path, "the PNG file is truncated: copy it again or remove it");
    const size_t length = big_endian(file, at);
    if (length > file.size() - at - 12)
      reject(path, "the PNG file is truncated or damaged: copy it again or remove it");
    const std::string_view type(reinterpret_cast<const char*>(file.data()) + at + 4, 4);
    if (type == "CgBI") reject(path, "this is Apple's variant of PNG: convert it to standard PNG");
    if (first && (type != "IHDR" || length != 13)) reject(path, "the PNG file is damaged (no header): remove it");
    const uLong sum = crc32(0, file.data() + at + 4, static_cast<uInt>(length + 4));
    if (sum != big_endian(file, at + 8 + length)) {
      reject(path, fmt::format("the PNG file is damaged (wrong checksum at byte {}): copy it again or remove it", at));
    }
    if (type == "IDAT" && length == 0) reject(path, "the PNG file has an empty IDAT chunk: save it again");
    if (type == "IEND") return;
    first = false;
    at += length + 12;
  }
}

/// Refuses a frame header that stb_image would decode wrongly.
void check_frame(Bytes frame, uint8_t marker, bool adobe, const std::string& path) {
  if (marker > 0xc2)
    reject(path, "a lossless or arithmetic-coded JPEG file cannot be read: save it as baseline or progressive JPEG");
  if (frame.size() >= 6 && frame[5] == 4 && !adobe) {
    reject(path, "the JPEG file has four channels and does not say what they mean: convert it to RGB");
  }
}

/// Refuses Huffman tables of more than 256 codes, for which stb_image 2.27 writes past the end of its own table.
/// `tables` begins with the `length` bytes of the segment; the last table may claim to extend beyond them.
void check_huffman_tables(Bytes tables, size_t length, const std::string& path) {
  for (size_t at = 0; at < length && at < tables.size();) {
    size_t codes = 0;
    for (size_t bits = 1; bits <= 16 && at + bits < tables.size(); ++bits) codes += tables[at + bits];
    if (codes > 256) {
      reject(path,
             fmt::format("the JPEG file is damaged (a Huffman table of {} codes): copy it again or remove it", codes));
    }
    at += 17 + codes;
  }
}

/// Walks from marker to marker as stb_image does, up to the end mark. stb_image finds all other faults itself.
void check_jpeg(Bytes file, const std::string& path) {
  bool adobe = false;
  for (size_t at = 2; at + 4 <= file.size();) {
    const auto* const next = static_cast<const uint8_t*>(std::memchr(file.data() + at, 0xff, file.size() - at));
    if (next == nullptr) return;
    at = size_t(next - file.data());
    while (at + 1 < file.size() && file[at + 1] == 0xff) ++at;
    if (at + 4 > file.size() || file[at + 1] == 0xd9) return;
    const uint8_t marker = file[at + 1];
    if (marker == 0 || (marker >= 0xd0 && marker <= 0xd7)) {  // a stuffed byte or a restart marker
      at += 2;
      continue;
    }
    const size_t length = size_t{file[at + 2]} << 8 | file[at + 3];
    if (length < 2) return;
    const Bytes rest = file.subspan(at + 4), segment = rest.first(std::min(length - 2, rest.size()));
    if (marker == 0xee && begins_with(segment, "Adobe") && segment.size() >= 12) adobe = segment[11] != 1;
    if (marker == 0xc4) check_huffman_tables(rest, length - 2, path);
    if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
      check_frame(segment, marker, adobe, path);
    }
    at += 2 + length;
  }
}

}  // namespace

RgbImage decode_image(Bytes file, const std::string& path) {
  if (file.empty()) reject(path, "the file is empty: copy it again or remove it");
  const bool png = begins_with(file, kPngMagic), jpeg = begins_with(file, kJpegMagic);
  if (!png && !jpeg) {
    reject(path, fmt::format("this is {}: only PNG and JPEG are read: convert or remove it", describe(file)));
  }
  png ? check_png(file, path) : check_jpeg(file, path);
  const char* const format = png ? "PNG" : "JPEG";

  largest_block = size_t{1} << 20;
  block_refused = false;
  int width = 0, height = 0, channels = 0;
  const auto size = static_cast<int>(file.size());
  if (!stbi_info_from_memory(file.data(), size, &width, &height, &channels)) {
    stbi_image_free(stbi_load_from_memory(file.data(), size, &width, &height, &channels, 3));  // knows the reason
    reject(path, fmt::format("the {} header is wrong ({}): copy it again or remove it", format, stbi_failure_reason()));
  }
  if (int64_t{width} * height > kMostPixels) {
    reject(path, fmt::format("{} x {} pixels, at most {} are read: make it smaller or remove it", width, height,
                             kMostPixels));
  }
  // Blocks of a JPEG file are padded by up to 32 pixels; a 16-bit PNG with alpha has 8 bytes a pixel, doubled on
  // growth.
  largest_block = 16 * (size_t(width) + 64) * (size_t(height) + 64) + 2 * file.size() + (size_t{1} << 16);
  RgbImage image;
  image.pixels.reset(stbi_load_from_memory(file.data(), size, &width, &height, &channels, 3));
  if (!image.pixels && block_refused) {
    reject(path,
           fmt::format("the {} data decompress to far more than {} x {} pixels: remove it", format, width, height));
  }
  if (!image.pixels) {
    reject(path, fmt::format("the {} data are damaged or truncated ({}): copy it again or remove it", format,
                             stbi_failure_reason()));
  }
  image.height = height;
  image.width = width;
  return image;
}

RgbImage read_image(const std::filesystem::path& path) {
  InputFile file(path, "image");
  const uint64_t size = file.size().value_or(0);
  if (size > kLargestImageFile) {
    file.reject(fmt::format("{} bytes, at most {} are read: make it smaller or remove it", size, kLargestImageFile));
  }
  const auto bytes = std::make_unique_for_overwrite<uint8_t[]>(size);
  const size_t got = file.read(std::as_writable_bytes(std::span(bytes.get(), size)));
  return decode_image({bytes.get(), got}, path.string());
}

}  // namespace cucurbit
