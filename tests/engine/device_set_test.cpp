// The images that a set on the device provides.
#include "engine/data/device_set.h"

#include <gtest/gtest.h>

#include "support/small_data.h"

namespace cucurbit::test {
namespace {

TEST(DeviceSet, NormalisesEveryChannel) {
  ImageSet images{.name = "two", .count = 2, .height = 1, .width = 2, .channels = 3};
  images.own({0, 51, 255, 102, 255, 7, 255, 0, 7, 51, 204, 7});
  images.labels = {1, 0};
  images.class_names = {"a", "b"};
  const ChannelStatistics normalization{.mean = {0.2, 0.4, 0}, .stddev = {0.5, 0.25, 0}};
  for (const Residency residency : {Residency::device, Residency::host}) {
    const DeviceSet data(images, normalization, residency);
    const Batch batch = data.range(0, 2, DType::f32);
    const std::vector<float> values = batch.images.to_host<float>();
    ASSERT_EQ(values.size(), 12u);
    for (size_t i = 0; i < values.size(); ++i) {
      const double deviation = i % 3 == 2 ? 1 : normalization.stddev[i % 3];  // a deviation of 0 counts as 1
      EXPECT_NEAR(values[i], (images.images[i] / 255.0 - normalization.mean[i % 3]) / deviation, 1e-6) << i;
    }
    EXPECT_EQ(batch.labels.to_host<int32_t>(), images.labels);
    EXPECT_EQ(data.range(1, 2, DType::f32).images.to_host<float>(),
              std::vector<float>(values.begin() + 6, values.end()));
  }
}

}  // namespace
}  // namespace cucurbit::test
