#include "engine/data/resize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace cucurbit::test {
namespace {

/// The bytes of tests/values/README.md: the upper 8 bits of a 32-bit hash.
std::vector<uint8_t> hashed_bytes(int64_t count, uint32_t stream) {
  std::vector<uint8_t> bytes;
  for (uint32_t i = 0; i < uint32_t(count); ++i) {
    uint32_t x = i + stream * 0x9E3779B9u;
    x = (x ^ x >> 16) * 0x7FEB352Du;
    x = (x ^ x >> 15) * 0x846CA68Bu;
    bytes.push_back(uint8_t((x ^ x >> 16) >> 24));
  }
  return bytes;
}

TEST(Resize, IsThatOfPyTorch) {
  const auto values =
      nlohmann::json::parse(std::ifstream(std::string(CUCURBIT_SOURCE_DIR) + "/tests/values/resize.json"));
  for (const auto& entry : values["cases"]) {
    const int64_t height = entry["image"][0], width = entry["image"][1], channels = entry["image"][2];
    const int64_t size = entry["size"];
    SCOPED_TRACE(entry["image"].dump() + " " + entry["mode"].dump() + " " + std::to_string(size));
    std::vector<uint8_t> out(size_t(size * size * channels) + 8, 0xab);
    resize_image(hashed_bytes(height * width * channels, entry["stream"]), height, width, channels,
                 entry["mode"] == "crop" ? ResizeMode::crop : ResizeMode::stretch, size,
                 std::span(out).first(out.size() - 8));
    ASSERT_EQ(entry["values"].size(), out.size() - 8);
    for (size_t i = 0; i < out.size() - 8; ++i)  // half a step of rounding, and the sums in float
      EXPECT_LE(std::abs(double(out[i]) - entry["values"][i].get<double>()), 0.501) << "element " << i;
    for (size_t i = out.size() - 8; i < out.size(); ++i) EXPECT_EQ(out[i], 0xab) << "written past the end";
  }
}

TEST(Resize, KeepsFlatImagesAndExtremes) {
  for (const int64_t width : {1, 2, 63, 1000})
    for (const uint8_t value : {0, 1, 255}) {
      const std::vector<uint8_t> flat(size_t(7 * width * 3), value);
      std::vector<uint8_t> out(16 * 16 * 3);
      for (const ResizeMode mode : {ResizeMode::crop, ResizeMode::stretch}) {
        resize_image(flat, 7, width, 3, mode, 16, out);
        EXPECT_EQ(out, std::vector<uint8_t>(out.size(), value)) << width;
      }
    }
}

}  // namespace
}  // namespace cucurbit::test
