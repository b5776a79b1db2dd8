#pragma once

// Batches gathered from a small set whose bytes are known, for the tests of gathering and augmentation.

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "engine/runtime/stream.h"
#include "engine/tensor.h"
#include "kernels/gather_batch.h"
#include "support/compare.h"

namespace cucurbit {

inline Tensor device_state(const StepState& state) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&state);
  return Tensor::from_host(std::vector<uint8_t>(bytes, bytes + sizeof state), {int64_t(sizeof state)});
}
inline StepState* as_state(const Tensor& state) { return reinterpret_cast<StepState*>(state.raw()); }

/// Sum of squared deviations over expectation: about `cells`, with deviation sqrt(2 cells).
inline double chi_square(const std::vector<int64_t>& counts) {
  double total = 0, sum = 0;
  for (int64_t count : counts) total += double(count);
  const double expected = total / double(counts.size());
  for (int64_t count : counts) sum += (double(count) - expected) * (double(count) - expected) / expected;
  return sum;
}

/// A set whose every byte tells where it came from, as far as 8 bits go.
struct TestSet {
  int64_t count;
  int height, width, channels;
  std::vector<uint8_t> bytes;
  std::vector<int32_t> label_list;
  std::vector<float> mean_list, inverse_list;
  Tensor images, labels, mean, inverse;

  TestSet(int64_t count, int height, int width, int channels)
      : count(count), height(height), width(width), channels(channels) {
    for (int64_t i = 0; i < count * height * width * channels; ++i) bytes.push_back(uint8_t(i * 37 + i / 251 + 1));
    for (int64_t i = 0; i < count; ++i) label_list.push_back(int32_t(i * 7 % 10));
    for (int c = 0; c < channels; ++c) {
      mean_list.push_back(0.25f + 0.125f * float(c));
      inverse_list.push_back(4.f / float(c + 1));
    }
    images = Tensor::from_host(bytes, {count, height, width, channels});
    labels = Tensor::from_host(label_list, {count});
    mean = Tensor::from_host(mean_list, {channels});
    inverse = Tensor::from_host(inverse_list, {channels});
  }
  kernels::ImageSource source() const {
    return {images.data<uint8_t>(), labels.data<int32_t>(), count, height, width, channels,
            mean.data<float>(),     inverse.data<float>()};
  }
  uint8_t pixel(int64_t sample, int h, int w, int c) const {
    return bytes[size_t(((sample * height + h) * width + w) * channels + c)];
  }
  /// The image for which pixel_at(h, w, c) gives values from 0 to 255, normalised.
  template <class F>
  std::vector<double> normalised(F&& pixel_at) const {
    std::vector<double> out;
    for (int h = 0; h < height; ++h)
      for (int w = 0; w < width; ++w)
        for (int c = 0; c < channels; ++c)
          out.push_back((pixel_at(h, w, c) / 255 - mean_list[size_t(c)]) * inverse_list[size_t(c)]);
    return out;
  }
  std::vector<double> picture(int64_t sample) const {
    return normalised([&](int h, int w, int c) { return double(pixel(sample, h, w, c)); });
  }
};

struct HostBatch {
  std::vector<double> images;
  std::vector<int32_t> labels, indices;
};

template <class T>
struct DeviceBatch {
  Tensor images, labels, indices, workspace;
  DeviceBatch(const TestSet& set, int64_t size)
      : images(Tensor::empty({size, set.height, set.width, set.channels}, dtype_of<T>)),
        labels(Tensor::empty({size}, DType::i32)),
        indices(Tensor::empty({size}, DType::i32)),
        workspace(Tensor::empty(images.shape(), DType::f32)) {}
  kernels::BatchTarget<T> target() const {
    return {images.data<T>(), labels.data<int32_t>(), indices.data<int32_t>(), images.dim(0), workspace.data<float>()};
  }
  HostBatch host() const { return {test::to_host(images), labels.to_host<int32_t>(), indices.to_host<int32_t>()}; }
};

template <class T>
HostBatch gather(const TestSet& set, int64_t size, const StepState& state, bool shuffle,
                 const Augmentation& augmentation) {
  const DeviceBatch<T> batch(set, size);
  const Tensor device = device_state(state);
  kernels::gather_batch(set.source(), as_state(device), shuffle, augmentation, batch.target(), stream());
  return batch.host();
}

inline std::vector<double> image(const HostBatch& batch, size_t i) {
  const size_t size = batch.images.size() / batch.labels.size();
  return {batch.images.begin() + int64_t(i * size), batch.images.begin() + int64_t((i + 1) * size)};
}

template <class T>
class GatherTest : public testing::Test {
 protected:
  void SetUp() override {
    pool_->set_guarded(true);
    scope_ = std::make_unique<PoolScope>(*pool_);
  }
  void TearDown() override { EXPECT_EQ(pool_->damaged_blocks(), 0) << "a kernel wrote outside its buffer"; }

  std::shared_ptr<Pool> pool_ = std::make_shared<Pool>();
  std::unique_ptr<PoolScope> scope_;
};
using GatherTypes = testing::Types<float, bf16, double>;

}  // namespace cucurbit
