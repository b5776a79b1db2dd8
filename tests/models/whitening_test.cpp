// Whitening filters against their definition, in plain loops.
#include "models/whitening.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/nn/network.h"
#include "models/registry.h"
#include "support/hash.h"

namespace cucurbit {
namespace {

constexpr int64_t kImages = 40, kSide = 5, kChannels = 3;
constexpr size_t kSize = 2 * 2 * kChannels;

/// Smooth images, whose neighbouring pixels agree more than distant ones.
ImageSet smooth_images() {
  ImageSet set{.name = "smooth", .count = kImages, .height = kSide, .width = kSide, .channels = kChannels};
  std::vector<uint8_t> bytes;
  for (int64_t n = 0; n < kImages; ++n)
    for (int64_t i = 0; i < kSide * kSide * kChannels; ++i) {
      const double wave =
          std::sin(0.3 * double(n) + 0.4 * double(i / kChannels) + double(n % 7) * double(i % kChannels));
      bytes.push_back(uint8_t(128 + 90 * wave + 20 * test::uniform(uint32_t(n * 1000 + i), 1)));
    }
  set.own(std::move(bytes));
  set.labels.assign(size_t(kImages), 0);
  set.class_names = {"0", "1"};
  return set;
}

TEST(Whitening, FiltersMakePatchesUncorrelated) {
  const ImageSet set = smooth_images();
  const ChannelStatistics statistics = channel_statistics(set);
  const std::vector<float> filters = whitening_filters(DeviceSet(set, statistics), 2);
  ASSERT_EQ(filters.size(), 2 * kSize * kSize);
  // products[i][j]: mean of (f_i . p) (f_j . p) over all patches p
  double products[kSize][kSize] = {};
  int64_t patches = 0;
  for (int64_t n = 0; n < kImages; ++n)
    for (int64_t h = 0; h + 1 < kSide; ++h)
      for (int64_t w = 0; w + 1 < kSide; ++w, ++patches) {
        double response[kSize] = {};
        for (size_t f = 0; f < kSize; ++f)
          for (size_t k = 0; k < kSize; ++k) {
            const int64_t r = int64_t(k) / 6, s = int64_t(k) / 3 % 2, c = int64_t(k) % 3;
            const double pixel = set.images[((n * kSide + h + r) * kSide + w + s) * kChannels + c] / 255.0;
            response[f] += filters[f * kSize + k] * (pixel - statistics.mean[c]) / statistics.stddev[c];
          }
        for (size_t i = 0; i < kSize; ++i)
          for (size_t j = 0; j < kSize; ++j) products[i][j] += response[i] * response[j];
      }
  double before = 1e9;
  for (size_t i = 0; i < kSize; ++i) {
    // |f|^2 = 1 / (lambda + epsilon)
    double square = 0;
    for (size_t k = 0; k < kSize; ++k) square += double(filters[i * kSize + k]) * filters[i * kSize + k];
    const double lambda = 1 / square - 5e-4;
    EXPECT_LE(lambda, before * (1 + 1e-6)) << "largest first";
    before = lambda;
    for (size_t j = 0; j < kSize; ++j)
      EXPECT_NEAR(products[i][j] / double(patches), i == j ? lambda * square : 0, 1e-4) << i << " " << j;
    for (size_t k = 0; k < kSize; ++k) EXPECT_EQ(filters[(kSize + i) * kSize + k], -filters[i * kSize + k]);
  }
}

TEST(Whitening, AirbenchBeginsWithIt) {
  const ImageSet set = smooth_images();
  const DeviceSet data(set, channel_statistics(set));
  const ModelFamily& family = find_family("airbench94");
  Network network("airbench94", build_model("airbench94", {.image = {32, 32, 3}, .classes = 10}), {32, 32, 3}, 10,
                  DType::bf16, 1);
  family.initialize_from(network, data);
  const auto& first = network.store().state().parameters.front();
  EXPECT_EQ(first.name, "0.weight");
  EXPECT_EQ(first.item->master.to_host<float>(), whitening_filters(data, 2));
  const auto copy = first.item->value.to_host<bf16>();
  EXPECT_EQ(__bfloat162float(copy[5]), __bfloat162float(__float2bfloat16(whitening_filters(data, 2)[5])));
}

}  // namespace
}  // namespace cucurbit
