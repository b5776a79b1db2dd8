#include "engine/data/image_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/image_bytes.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

RgbImage decode(std::string_view bytes) {
  return decode_image({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "the-file");
}

TEST(ImageFile, DecodesAsPillow) {
  const auto values =
      nlohmann::json::parse(std::ifstream(std::string(CUCURBIT_SOURCE_DIR) + "/tests/values/images.json"));
  for (const auto& entry : values["cases"]) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    const RgbImage image = decode(from_base64(entry["file"]));
    ASSERT_EQ(image.height, entry["height"].get<int>());
    ASSERT_EQ(image.width, entry["width"].get<int>());
    const std::string rgb = from_base64(entry["rgb"]);
    ASSERT_EQ(rgb.size(), image.bytes().size());
    int largest = 0;
    for (size_t i = 0; i < rgb.size(); ++i)
      largest = std::max(largest, std::abs(int(image.bytes()[i]) - int(uint8_t(rgb[i]))));
    EXPECT_LE(largest, entry["tolerance"].get<int>());
  }
}

void expect_pixels(const RgbImage& image, std::initializer_list<int> pixels) {
  ASSERT_EQ(image.bytes().size(), pixels.size());
  size_t i = 0;
  for (const int pixel : pixels) EXPECT_EQ(image.bytes()[i++], pixel) << "value " << i;
}

TEST(ImageFile, PngOfEveryKind) {
  const std::string three_bytes("\0\x01\x02\x03", 4);
  expect_pixels(decode(png({.width = 1, .height = 1}, three_bytes)), {1, 2, 3});
  // 16 bits: the upper 8 count.
  expect_pixels(decode(png({.width = 1, .height = 1, .depth = 16}, std::string("\0\x01\xff\x02\0\xff\x7f", 7))),
                {1, 2, 255});
  expect_pixels(decode(png({.width = 1, .height = 2, .depth = 16, .color = 0}, std::string("\0\x05\x09\0\x80\0", 6))),
                {5, 5, 5, 128, 128, 128});
  // A transparent pixel keeps its colour.
  expect_pixels(decode(png({.width = 1, .height = 1, .color = 6}, std::string("\0\x09\x08\x07\0", 5))), {9, 8, 7});
  expect_pixels(decode(png({.width = 1, .height = 1, .color = 4}, std::string("\0\x09\0", 3))), {9, 9, 9});
  // A palette of two, 1 bit an index, the first of them transparent.
  const std::string palette = png_chunk("PLTE", "\x0a\x0b\x0c\x14\x15\x16") + png_chunk("tRNS", std::string(1, '\0'));
  expect_pixels(decode(png({.width = 2, .height = 1, .depth = 1, .color = 3}, std::string("\0\x40", 2), palette)),
                {10, 11, 12, 20, 21, 22});
  // Interlaced: seven passes, of which a 2 x 2 image has four of one pixel or row.
  expect_pixels(
      decode(png({.width = 2, .height = 2, .color = 0, .interlace = 1}, std::string("\0\x01\0\x02\0\x03\x04", 7))),
      {1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4});
}

TEST(ImageFile, TheContentDecides) {
  TemporaryFolder folder;
  write_bytes(folder / "picture.jpg", png_picture(3, 5, 1));
  write_bytes(folder / "picture.png", jpeg_picture(3, 5, 1));
  const RgbImage a = read_image(folder / "picture.jpg"), b = read_image(folder / "picture.png");
  EXPECT_EQ(a.height, 3);
  EXPECT_EQ(a.width, 5);
  for (int i = 0; i < 45; ++i) {
    EXPECT_EQ(a.bytes()[i], picture(1, i / 15, i / 3 % 5, i % 3));
    EXPECT_NEAR(a.bytes()[i], b.bytes()[i], 40);
  }
}

}  // namespace
}  // namespace cucurbit::test
