// Operations on colours against torchvision's values (tests/values/README.md), and what they leave alone.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/runtime/stream.h"
#include "engine/tensor.h"
#include "kernels/augment_pixels.cuh"
#include "kernels/host/launch.h"
#include "support/compare.h"

namespace cucurbit {
namespace {

enum class Work { brightness, contrast, saturation, hue, posterize, solarize, autocontrast, equalize };

template <int kThreads, int kChannels>
__global__ void work_kernel(float* values, int count, Work work, float amount) {
  kernels::Pixels<kThreads, kChannels> pixels(values + int64_t(blockIdx.x) * count * kChannels, count);
  if (work == Work::brightness) pixels.brightness(amount);
  if (work == Work::contrast) pixels.contrast(amount);
  if (work == Work::saturation) pixels.saturation(amount);
  if (work == Work::hue) pixels.hue(amount);
  if (work == Work::posterize) pixels.posterize(int(amount));
  if (work == Work::solarize) pixels.solarize(amount);
  if (work == Work::autocontrast) pixels.autocontrast();
  if (work == Work::equalize) pixels.equalize();
}

/// Two equal images are worked on, a block each.
std::vector<double> worked(const std::vector<double>& image, int channels, Work work, float amount) {
  std::vector<double> twice = image;
  twice.insert(twice.end(), image.begin(), image.end());
  const Tensor values = test::to_device(twice, {int64_t(twice.size())}, DType::f32);
  const int count = int(image.size()) / channels;
  if (channels == 1)
    launch<256>(CUCURBIT_KERNEL(work_kernel, 1), 2, stream(), values.data<float>(), count, work, amount);
  else
    launch<256>(CUCURBIT_KERNEL(work_kernel, 3), 2, stream(), values.data<float>(), count, work, amount);
  const std::vector<double> both = test::to_host(values);
  const std::vector<double> first(both.begin(), both.begin() + int64_t(image.size()));
  EXPECT_TRUE(test::same_bits(first, {both.begin() + int64_t(image.size()), both.end()}));
  return first;
}

uint32_t hash(uint32_t i, uint32_t stream) {
  uint32_t x = i + stream * 0x9E3779B9u;
  x = (x ^ x >> 16) * 0x7FEB352Du;
  x = (x ^ x >> 15) * 0x846CA68Bu;
  return x ^ x >> 16;
}

std::vector<double> byte_image(size_t size, bool squared) {
  std::vector<double> values;
  for (size_t i = 0; i < size; ++i) {
    const int value = 40 + int(hash(uint32_t(i), 200) % 160);
    values.push_back(squared ? value * value / 200 : value);
  }
  return values;
}

TEST(AugmentPixels, EqualTorchvision) {
  static const std::map<std::string, Work> kWorks = {
      {"brightness", Work::brightness},     {"contrast", Work::contrast},
      {"saturation", Work::saturation},     {"hue", Work::hue},
      {"posterize", Work::posterize},       {"solarize", Work::solarize},
      {"autocontrast", Work::autocontrast}, {"equalize", Work::equalize}};
  const auto values = nlohmann::json::parse(std::ifstream(CUCURBIT_SOURCE_DIR "/tests/values/colors.json"));
  std::map<Work, int> seen;
  for (const auto& entry : values["cases"]) {
    const std::string name = entry["operation"];
    const std::vector<double> want = entry["result"];
    const int channels = entry["channels"];
    const float amount = entry["amount"];
    const std::vector<double> got =
        worked(byte_image(want.size(), name == "equalize"), channels, kWorks.at(name), amount);
    test::expect_close(got, want, DType::f32, int64_t(want.size()), 1,
                       name + " " + std::to_string(amount) + " of " + std::to_string(channels) + " channels");
    const bool whole_numbers = name == "equalize" || name == "posterize" || name == "solarize";
    EXPECT_TRUE(!whole_numbers || got == want) << name;
    ++seen[kWorks.at(name)];
  }
  EXPECT_EQ(seen.size(), kWorks.size());
}

TEST(AugmentPixels, ConstantImagesAndSinglePixels) {
  for (int channels : {1, 3})
    for (size_t pixels : {1u, 2u, 300u}) {
      const std::vector<double> flat(pixels * size_t(channels), 77);
      for (Work work : {Work::contrast, Work::autocontrast, Work::equalize, Work::hue, Work::saturation})
        test::expect_close(worked(flat, channels, work, work == Work::hue ? 0.3f : 0.5f), flat, DType::f32, 300,
                           // the weights of gray add up to 0.9999
                           work == Work::contrast || work == Work::saturation ? 50 : 1, "flat image");
    }
}

TEST(AugmentPixels, ValuesStayFromZeroTo255) {
  const std::vector<double> image{0, 255, 128, 255, 0, 1, 254, 255, 255, 3, 2, 1};
  for (Work work : {Work::brightness, Work::contrast, Work::saturation, Work::hue, Work::solarize, Work::posterize,
                    Work::autocontrast, Work::equalize})
    for (double value : worked(image, 3, work, work == Work::hue ? 0.17f : 1.9f)) {
      EXPECT_GE(value, 0) << int(work);
      EXPECT_LE(value, 255) << int(work);
    }
}

}  // namespace
}  // namespace cucurbit
