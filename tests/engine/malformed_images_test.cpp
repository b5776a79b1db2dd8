// Image files that cannot be read: each is refused by name, with a reason and what to do, and nothing crashes.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>

#include "engine/data/image_file.h"
#include "engine/data/image_folder.h"
#include "support/image_bytes.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

namespace fs = std::filesystem;

const std::string kPng = png_picture(9, 11, 1), kJpeg = jpeg_picture(19, 21, 1);
const std::string kPngMagic = kPng.substr(0, 8);
const PngKind kSmall{.width = 2, .height = 2};
const std::string kSmallRows = std::string(14, '\0');

std::string with_byte(std::string bytes, size_t at, int value) {
  bytes.at(at) = static_cast<char>(value);
  return bytes;
}

/// `more` before the end of the header chunk; the chunks of a PNG file in any order.
std::string png_of(std::initializer_list<std::string> chunks) {
  std::string file = kPngMagic;
  for (const std::string& chunk : chunks) file += chunk;
  return file;
}

/// What zlib makes of `rows` is taken from a whole file.
std::string idat(std::string_view rows) {
  const std::string file = png(kSmall, rows);
  const size_t begin = 8 + 25;
  return file.substr(begin, file.size() - begin - 12);
}

const std::string kEnd = png_chunk("IEND", "");

/// Where the data of the JPEG segment `marker` begin.
size_t segment(int marker) {
  for (size_t at = 2;;) {
    if (uint8_t(kJpeg[at + 1]) == marker) return at + 4;
    at += 2 + (uint8_t(kJpeg[at + 2]) << 8 | uint8_t(kJpeg[at + 3]));
  }
}

std::string jpeg_with(int marker, size_t offset, int value) {
  return with_byte(kJpeg, segment(marker) + offset, value);
}

/// The frame header replaced by one of another kind, precision and number of components.
std::string jpeg_frame(int marker, int precision, int components) {
  std::string frame = {'\xff',
                       static_cast<char>(marker),
                       0,
                       static_cast<char>(8 + 3 * components),
                       static_cast<char>(precision),
                       0,
                       19,
                       0,
                       21,
                       static_cast<char>(components)};
  for (int c = 1; c <= components; ++c) frame += {static_cast<char>(c), 0x11, 0};
  const size_t begin = segment(0xc0) - 4;
  return kJpeg.substr(0, begin) + frame + kJpeg.substr(begin + 19);
}

/// A table of 16 x 255 codes before all others.
std::string huffman_bomb() {
  return kJpeg.substr(0, 2) + std::string("\xff\xc4\x10\x03\x00", 5) + std::string(16, '\xff') +
         std::string(4080, '\1') + kJpeg.substr(2);
}

/// 64 MiB of zeros for an image of one pixel.
std::string png_bomb() { return png({.width = 1, .height = 1}, std::string(size_t{64} << 20, '\0')); }

struct Case {
  const char* name;
  std::string bytes;
  const char* reason;
};

std::vector<Case> png_cases() {
  const auto header = [](PngKind kind) { return png_of({png_header(kind), idat(kSmallRows), kEnd}); };
  const std::string good = png_header(kSmall);
  return {
      {"png_magic_only", kPngMagic, "truncated"},
      {"png_header_cut", kPng.substr(0, 20), "truncated"},
      {"png_data_cut", kPng.substr(0, kPng.size() / 2), "truncated"},
      {"png_without_end", kPng.substr(0, kPng.size() - 12), "truncated"},
      {"png_last_byte_missing", kPng.substr(0, kPng.size() - 1), "truncated"},
      {"png_header_damaged", with_byte(kPng, 18, 77), "wrong checksum at byte 8"},
      {"png_data_damaged", with_byte(kPng, kPng.size() - 30, kPng[kPng.size() - 30] ^ 1), "wrong checksum"},
      {"png_chunk_of_4_gib", with_byte(kPng, 33, 0xff), "truncated or damaged"},
      {"png_no_header", png_of({idat(kSmallRows), kEnd}), "no header"},
      {"png_short_header", png_of({png_chunk("IHDR", "abc"), kEnd}), "no header"},
      {"png_width_0", header({.width = 0, .height = 2}), "header is wrong"},
      {"png_height_0", header({.width = 2, .height = 0}), "header is wrong"},
      {"png_width_4_gib", header({.width = 0xffffffff, .height = 2}), "header is wrong"},
      {"png_100000_squared", header({.width = 100000, .height = 100000, .color = 0}), "header is wrong (too large)"},
      {"png_one_pixel_too_many", header({.width = 8192, .height = 8193}), "8192 x 8193 pixels, at most 67108864"},
      {"png_large_but_empty", header({.width = 8192, .height = 8192}), "damaged or truncated"},
      {"png_depth_3", header({.width = 2, .height = 2, .depth = 3}), "header is wrong"},
      {"png_color_5", header({.width = 2, .height = 2, .color = 5}), "header is wrong"},
      {"png_color_7", header({.width = 2, .height = 2, .color = 7}), "header is wrong"},
      {"png_interlace_9", header({.width = 2, .height = 2, .interlace = 9}), "header is wrong"},
      {"png_two_headers", png_of({good, good, idat(kSmallRows), kEnd}), "damaged or truncated"},
      {"png_no_data", png_of({good, kEnd}), "damaged or truncated (no IDAT)"},
      {"png_empty_data", png_of({good, png_chunk("IDAT", ""), kEnd}), "empty IDAT chunk"},
      {"png_data_not_zlib", png_of({good, png_chunk("IDAT", "no zlib data"), kEnd}), "damaged or truncated"},
      {"png_too_few_rows", png(kSmall, kSmallRows.substr(0, 13)), "not enough pixels"},
      {"png_unknown_filter", png(kSmall, with_byte(kSmallRows, 7, 9)), "invalid filter"},
      {"png_palette_missing", png({.width = 2, .height = 2, .color = 3}, std::string(6, '\0')), "no PLTE"},
      {"png_palette_of_7_bytes",
       png({.width = 2, .height = 2, .color = 3}, std::string(6, '\0'), png_chunk("PLTE", "7 bytes")), "invalid PLTE"},
      {"png_transparency_too_long",
       png({.width = 2, .height = 2, .color = 3}, std::string(6, '\0'),
           png_chunk("PLTE", "abc") + png_chunk("tRNS", "four")),
       "bad tRNS len"},
      {"png_unknown_critical_chunk", png(kSmall, kSmallRows, png_chunk("ABCD", "x")), "damaged or truncated"},
      {"png_of_apple", png_of({png_chunk("CgBI", "abcd"), good, idat(kSmallRows), kEnd}), "Apple"},
      {"png_bomb", png_bomb(), "decompress to far more than 1 x 1"},
  };
}

std::vector<Case> jpeg_cases() {
  const auto size = [](int high, int low) { return with_byte(jpeg_with(0xc0, 1, high), segment(0xc0) + 2, low); };
  return {
      {"jpeg_start_only", kJpeg.substr(0, 3), "header is wrong"},
      {"jpeg_header_cut", kJpeg.substr(0, 100), "header is wrong"},
      {"jpeg_tables_cut", kJpeg.substr(0, segment(0xda) - 4), "damaged or truncated"},
      {"jpeg_scan_header_cut", kJpeg.substr(0, segment(0xda) + 3), "damaged or truncated"},
      {"jpeg_data_cut", kJpeg.substr(0, (segment(0xda) + kJpeg.size()) / 2), "damaged or truncated"},
      {"jpeg_without_end", kJpeg.substr(0, kJpeg.size() - 2), "damaged or truncated"},
      {"jpeg_height_0", size(0, 0), "header is wrong"},
      {"jpeg_width_0", with_byte(jpeg_with(0xc0, 3, 0), segment(0xc0) + 4, 0), "header is wrong"},
      {"jpeg_65535_squared", with_byte(with_byte(size(0xff, 0xff), segment(0xc0) + 3, 0xff), segment(0xc0) + 4, 0xff),
       "65535 x 65535 pixels"},
      {"jpeg_sampling_0", jpeg_with(0xc0, 7, 0), "header is wrong"},
      {"jpeg_sampling_15", jpeg_with(0xc0, 7, 0xff), "header is wrong"},
      {"jpeg_quantisation_table_9", jpeg_with(0xc0, 8, 9), "header is wrong"},
      {"jpeg_huffman_table_too_long", jpeg_with(0xc4, 1, 0xff), "damaged"},
      {"jpeg_huffman_table_of_4080_codes", huffman_bomb(), "a Huffman table of 4080 codes"},
      {"jpeg_huffman_table_behind_the_scan", kJpeg.substr(0, kJpeg.size() - 2) + huffman_bomb().substr(2, 21),
       "a Huffman table of 4080 codes"},
      {"jpeg_huffman_table_cut", kJpeg.substr(0, segment(0xc0) - 4) + huffman_bomb().substr(2, 10),
       "a Huffman table of 1275 codes"},
      {"jpeg_huffman_table_behind_padding", kJpeg.substr(0, segment(0xc0) - 4) + "padding" + huffman_bomb().substr(2),
       "a Huffman table of 4080 codes"},
      {"jpeg_12_bits", jpeg_frame(0xc0, 12, 3), "header is wrong"},
      {"jpeg_lossless", jpeg_frame(0xc3, 8, 3), "lossless or arithmetic"},
      {"jpeg_arithmetic", jpeg_frame(0xc9, 8, 3), "lossless or arithmetic"},
      {"jpeg_2_channels", jpeg_frame(0xc0, 8, 2), "header is wrong"},
      {"jpeg_4_channels_of_no_meaning", jpeg_frame(0xc0, 8, 4), "four channels"},
      {"jpeg_5_channels", jpeg_frame(0xc0, 8, 5), "header is wrong"},
      {"jpeg_segment_of_no_length", kJpeg.substr(0, 2) + std::string("\xff\xe1\0\0", 4) + kJpeg.substr(2),
       "header is wrong (bad APP len)"},
      {"jpeg_scan_of_unknown_component", jpeg_with(0xda, 1, 99), "damaged or truncated"},
  };
}

std::vector<Case> other_cases() {
  return {
      {"empty", "", "the file is empty"},
      {"one_byte", "\x01", "not an image of a known format"},
      {"gif", "GIF89a\x01\0\x01", "a GIF image"},
      {"bmp", "BM\x36\0\0\0", "a BMP image"},
      {"webp", "RIFF1234WEBPVP8 ", "a WebP image"},
      {"tiff_little", "II*\0", "a TIFF image"},
      {"tiff_big", std::string("MM\0*....", 8), "a TIFF image"},
      {"photoshop", "8BPS\0\1", "a Photoshop image"},
      {"avif",
       std::string("\0\0\0\x1c"
                   "ftypavif",
                   12),
       "HEIC or AVIF"},
      {"pdf", "%PDF-1.7", "a PDF document"},
      {"svg", "<svg xmlns='x'/>", "an SVG drawing"},
      {"xml", "<?xml version='1.0'?>", "an XML text"},
      {"web_page", "<!DOCTYPE html><title>404</title>", "a web page"},
      {"text", "404: Not Found\n", "a text file"},
      {"zip", "PK\3\4....", "a zip archive"},
      {"gzip", "\x1f\x8b\x08", "gzip data"},
      {"lfs_pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"},
      {"idx", std::string("\0\0\x08\x03", 4), "not an image of a known format"},
      {"zeros", std::string(5000, '\0'), "not an image of a known format"},
  };
}

class MalformedImages : public ::testing::Test {
 protected:
  /// The file between two good ones: refused by name, and the others remain when it is skipped.
  void expect_refused(const Case& bad) {
    SCOPED_TRACE(bad.name);
    TemporaryFolder folder;
    fs::create_directories(folder / "x");
    for (const char* name : {"a.png", "c.png"}) write_bytes(folder / "x" / name, kPng);
    write_bytes(folder / "x" / "b.png", bad.bytes);
    const std::string message =
        expect_error(ErrorKind::input, {"x/b.png: ", bad.reason}, [&] { load_image_folder(folder.path()); });
    const auto has = [&](const char* remedy) { return message.find(remedy) != std::string::npos; };
    EXPECT_TRUE(has("remove") || has("convert") || has("save it")) << "what to do? " << message;
    const ImageFolder rest = load_image_folder(folder.path(), {.on_bad_sample = BadSamples::skip});
    EXPECT_EQ(rest.train.images.count, 2);
    EXPECT_EQ(rest.train.bad.size(), 1u);
  }
};

TEST_F(MalformedImages, Png) {
  for (const Case& bad : png_cases()) expect_refused(bad);
}

TEST_F(MalformedImages, Jpeg) {
  for (const Case& bad : jpeg_cases()) expect_refused(bad);
}

TEST_F(MalformedImages, OtherFormats) {
  for (const Case& bad : other_cases()) expect_refused(bad);
}

TEST_F(MalformedImages, CutAtEveryByte) {
  for (const std::string& whole : {kPng, kJpeg})
    for (size_t size = 0; size < whole.size(); ++size) {
      SCOPED_TRACE(size);
      const auto* const first = reinterpret_cast<const uint8_t*>(whole.data());
      expect_error(ErrorKind::input, {"[image] dir/cut.png: "}, [&] { decode_image({first, size}, "dir/cut.png"); });
    }
}

TEST_F(MalformedImages, PipesAndFoldersUnderTheNameOfAFile) {
  TemporaryFolder folder;
  fs::create_directories(folder / "x/folder.png");
  write_bytes(folder / "x/a.png", kPng);
  write_bytes(folder / "x/folder.png/b.png", kPng);
  EXPECT_EQ(load_image_folder(folder.path()).train.images.count, 2);
  ASSERT_EQ(mkfifo((folder / "x/pipe.png").c_str(), 0600), 0);
  expect_error(ErrorKind::io, {"x/pipe.png", "pipe or device", "remove it"}, [&] { load_image_folder(folder.path()); });
}

}  // namespace
}  // namespace cucurbit::test
