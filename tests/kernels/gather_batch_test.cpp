// Batches from a set on the device: the permutation, the views of a sample, normalisation, rows of a table.
#include "kernels/gather_batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/runtime/stream.h"
#include "engine/tensor.h"
#include "kernels/step.h"
#include "support/compare.h"

namespace cucurbit {
namespace {

Tensor device_state(const StepState& state) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&state);
  return Tensor::from_host(std::vector<uint8_t>(bytes, bytes + sizeof state), {int64_t(sizeof state)});
}
StepState* as_state(const Tensor& state) { return reinterpret_cast<StepState*>(state.raw()); }

std::vector<int32_t> order_of(int64_t count, uint64_t seed, int64_t epoch) {
  const Tensor state = device_state({.seed = seed, .step = 0, .epoch = epoch, .batch = 0});
  const Tensor order = Tensor::empty({count}, DType::i32);
  kernels::sample_order(as_state(state), count, order.data<int32_t>(), stream());
  return order.to_host<int32_t>();
}

TEST(SampleOrder, IsAPermutation) {
  for (int64_t count : {1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 255, 257, 1000, 1023, 1025, 4097, 65537, 100000})
    for (uint64_t seed : {0ull, 1ull, 0xffffffffffffull}) {
      std::vector<int32_t> order = order_of(count, seed, int64_t(seed % 7));
      std::sort(order.begin(), order.end());
      for (int64_t i = 0; i < count; ++i) ASSERT_EQ(order[size_t(i)], i) << "count " << count << " seed " << seed;
    }
}

TEST(SampleOrder, DependsOnSeedAndEpochAlone) {
  const auto order = order_of(1000, 3, 4);
  EXPECT_EQ(order, order_of(1000, 3, 4));
  for (const auto& other : {order_of(1000, 4, 4), order_of(1000, 3, 5), order_of(1000, 3 + (1ull << 32), 4)}) {
    int same = 0;
    for (size_t i = 0; i < 1000; ++i) same += order[i] == other[i];
    EXPECT_LT(same, 10);  // one on average
  }
}

/// Sum of squared deviations over expectation: about `cells`, with deviation sqrt(2 cells).
double chi_square(const std::vector<int64_t>& counts) {
  double total = 0, sum = 0;
  for (int64_t count : counts) total += double(count);
  const double expected = total / double(counts.size());
  for (int64_t count : counts) sum += (double(count) - expected) * (double(count) - expected) / expected;
  return sum;
}

TEST(SampleOrder, IsRoughlyUniform) {
  // Where a sample comes, and which sample follows another, over many epochs.
  for (int64_t n : {3, 10, 37}) {
    std::vector<int64_t> places(size_t(n * n)), followers(size_t(n * n));
    constexpr int kEpochs = 4000;
    for (int epoch = 0; epoch < kEpochs; ++epoch) {
      const auto order = order_of(n, 99, epoch);
      for (int64_t p = 0; p < n; ++p) {
        ++places[size_t(p * n + order[size_t(p)])];
        if (p > 0) ++followers[size_t(order[size_t(p - 1)] * n + order[size_t(p)])];
      }
    }
    std::vector<int64_t> pairs;
    for (int64_t a = 0; a < n; ++a)
      for (int64_t b = 0; b < n; ++b)
        if (a != b) pairs.push_back(followers[size_t(a * n + b)]);
    for (const auto& counts : {places, pairs}) {
      const double cells = double(counts.size());
      EXPECT_LT(chi_square(counts), cells + 6 * std::sqrt(2 * cells)) << n;
    }
  }
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
  double value(double pixel, int c) const { return (pixel / 255 - mean_list[size_t(c)]) * inverse_list[size_t(c)]; }
  /// The sample moved as a View says; the oracle.
  std::vector<double> view(int64_t sample, int down, int right, bool mirrored) const {
    std::vector<double> out;
    for (int h = 0; h < height; ++h)
      for (int w = 0; w < width; ++w)
        for (int c = 0; c < channels; ++c) {
          const int from_h = h + down, from_w = (mirrored ? width - 1 - w : w) + right;
          const bool inside = from_h >= 0 && from_h < height && from_w >= 0 && from_w < width;
          const int64_t at = ((sample * height + from_h) * width + from_w) * channels + c;
          out.push_back(value(inside ? bytes[size_t(at)] : 0, c));
        }
    return out;
  }
};

struct HostBatch {
  std::vector<double> images;
  std::vector<int32_t> labels, indices;
};

template <class T>
struct DeviceBatch {
  Tensor images, labels, indices;
  DeviceBatch(const TestSet& set, int64_t size)
      : images(Tensor::empty({size, set.height, set.width, set.channels}, dtype_of<T>)),
        labels(Tensor::empty({size}, DType::i32)),
        indices(Tensor::empty({size}, DType::i32)) {}
  kernels::BatchTarget<T> target() const {
    return {images.data<T>(), labels.data<int32_t>(), indices.data<int32_t>(), images.dim(0)};
  }
  HostBatch host() const { return {test::to_host(images), labels.to_host<int32_t>(), indices.to_host<int32_t>()}; }
};

template <class T>
HostBatch gather(const TestSet& set, int64_t size, const StepState& state, bool shuffle, kernels::Jitter jitter) {
  const DeviceBatch<T> batch(set, size);
  const Tensor device = device_state(state);
  kernels::gather_batch(set.source(), as_state(device), shuffle, jitter, batch.target(), stream());
  return batch.host();
}

std::vector<double> image(const HostBatch& batch, size_t i) {
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
using Types = testing::Types<float, bf16, double>;
TYPED_TEST_SUITE(GatherTest, Types);

TYPED_TEST(GatherTest, RangeIsTheSetInOrder) {
  for (int channels : {1, 2, 3, 5}) {
    const TestSet set(11, 5, 7, channels);
    const DeviceBatch<TypeParam> device(set, 4);
    kernels::gather_range(set.source(), 6, device.target(), stream());
    const HostBatch batch = device.host();
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(batch.indices[i], int32_t(6 + i));
      EXPECT_EQ(batch.labels[i], set.label_list[6 + i]);
      test::expect_close(image(batch, i), set.view(int64_t(6 + i), 0, 0, false), dtype_of<TypeParam>, 1, 1, "range");
    }
  }
}

TYPED_TEST(GatherTest, EveryViewIsAShiftOrMirrorOfItsSample) {
  for (int channels : {1, 2, 3}) {
    const TestSet set(9, 6, 5, channels);
    for (kernels::Jitter jitter : {kernels::Jitter{}, {2, false}, {0, true}, {2, true}, {7, true}}) {
      const HostBatch batch = gather<TypeParam>(set, 9, {.seed = 8, .step = 0, .epoch = 2, .batch = 0}, true, jitter);
      for (size_t i = 0; i < 9; ++i) {
        const int64_t sample = batch.indices[i];
        EXPECT_EQ(batch.labels[i], set.label_list[size_t(sample)]);
        bool found = false;
        for (int down = -jitter.max_shift; down <= jitter.max_shift; ++down)
          for (int right = -jitter.max_shift; right <= jitter.max_shift; ++right)
            for (bool mirrored : {false, true}) {
              if (mirrored && !jitter.mirror) continue;
              const std::vector<double> want = set.view(sample, down, right, mirrored), got = image(batch, i);
              double worst = 0;
              for (size_t j = 0; j < got.size(); ++j) worst = std::max(worst, std::abs(got[j] - want[j]));
              found |= worst <= test::tolerance(dtype_of<TypeParam>, 1, 4);
            }
        EXPECT_TRUE(found) << "sample " << sample << " is no view of itself";
      }
    }
  }
}

TYPED_TEST(GatherTest, TwoRunsAreBitEqual) {
  const TestSet set(20, 6, 5, 3);
  const StepState state{.seed = 8, .step = 0, .epoch = 2, .batch = 1};
  EXPECT_TRUE(test::same_bits(gather<TypeParam>(set, 8, state, true, {2, true}).images,
                              gather<TypeParam>(set, 8, state, true, {2, true}).images));
}

TEST(GatherBatch, BatchesOfAnEpochFollowTheOrder) {
  const TestSet set(23, 2, 2, 1);
  const auto order = order_of(23, 5, 3);
  for (int64_t number = 0; number < 3; ++number) {
    const HostBatch batch = gather<float>(set, 8, {.seed = 5, .step = 0, .epoch = 3, .batch = number}, true, {});
    for (int64_t i = 0; i < 8; ++i)  // the last batch begins again at the first place
      EXPECT_EQ(batch.indices[size_t(i)], order[size_t((number * 8 + i) % 23)]);
    const HostBatch plain = gather<float>(set, 8, {.seed = 5, .step = 0, .epoch = 3, .batch = number}, false, {});
    for (int64_t i = 0; i < 8; ++i) EXPECT_EQ(plain.indices[size_t(i)], (number * 8 + i) % 23);
  }
}

TEST(GatherBatch, AViewDependsOnSeedEpochAndSampleAlone) {
  // Another batch size and number, another place in the batch: the same picture.
  const TestSet set(16, 8, 8, 3);
  std::map<int32_t, std::vector<double>> views;
  const HostBatch whole = gather<float>(set, 16, {.seed = 5, .step = 0, .epoch = 1, .batch = 0}, true, {2, true});
  for (size_t i = 0; i < 16; ++i) views[whole.indices[i]] = image(whole, i);
  EXPECT_EQ(views.size(), 16u);
  for (int64_t number = 0; number < 4; ++number) {
    const HostBatch part = gather<float>(set, 4, {.seed = 5, .step = 9, .epoch = 1, .batch = number}, false, {2, true});
    for (size_t i = 0; i < 4; ++i) EXPECT_TRUE(test::same_bits(image(part, i), views[part.indices[i]]));
  }
}

TEST(GatherBatch, ShiftsAndMirrorsAreEvenlySpread) {
  // One sample of one bright pixel in the middle of 5x5, two wide: its place and side tell the view.
  constexpr int kSamples = 4000;
  TestSet set(kSamples, 5, 6, 1);
  std::fill(set.bytes.begin(), set.bytes.end(), 0);
  for (int i = 0; i < kSamples; ++i) {
    set.bytes[size_t(i * 30 + 2 * 6 + 2)] = 100;
    set.bytes[size_t(i * 30 + 2 * 6 + 3)] = 200;
  }
  set.images = Tensor::from_host(set.bytes, {kSamples, 5, 6, 1});
  const HostBatch batch = gather<float>(set, kSamples, {.seed = 1, .step = 0, .epoch = 0, .batch = 0}, true, {2, true});
  std::map<std::set<std::pair<int, int>>, int64_t> seen;
  for (size_t i = 0; i < kSamples; ++i) {
    const std::vector<double> picture = image(batch, i);
    std::set<std::pair<int, int>> marks;
    for (int at = 0; at < 30; ++at) {
      const int pixel = int(std::lround((picture[size_t(at)] / 4 + 0.25) * 255));
      if (pixel > 0) marks.insert({pixel, at});
    }
    ++seen[marks];
  }
  std::vector<int64_t> counts;
  for (const auto& [marks, count] : seen) counts.push_back(count);
  EXPECT_EQ(counts.size(), 50u);  // 25 shifts, mirrored or not
  EXPECT_LT(chi_square(counts), 50 + 6 * std::sqrt(100.0));
}

TYPED_TEST(GatherTest, RowsOfATable) {
  for (int64_t cols : {1, 2, 10, 33, 2049}) {
    std::vector<double> table;
    for (int64_t i = 0; i < 7 * cols; ++i) table.push_back(double(i % 251) / 8);
    const std::vector<int32_t> index{6, 0, 3, 3, 5};
    const Tensor device = test::to_device(table, {7, cols}, dtype_of<TypeParam>);
    const Tensor keys = Tensor::from_host(index, {5});
    const Tensor picked = Tensor::empty({5, cols}, dtype_of<TypeParam>);
    kernels::gather_rows(device.data<TypeParam>(), keys.data<int32_t>(), picked.data<TypeParam>(), 5, cols, stream());
    const std::vector<double> got = test::to_host(picked);
    for (int64_t i = 0; i < 5; ++i)
      for (int64_t c = 0; c < cols; ++c)
        ASSERT_EQ(got[size_t(i * cols + c)], table[size_t(index[size_t(i)] * cols + c)]) << i << ", " << c;
  }
}

TYPED_TEST(GatherTest, EmptyIsLegal) {
  const TestSet set(3, 2, 2, 1);
  const DeviceBatch<TypeParam> batch(set, 0);
  kernels::gather_range(set.source(), 3, batch.target(), stream());
  kernels::gather_rows<TypeParam>(nullptr, nullptr, nullptr, 0, 10, stream());
  kernels::gather_rows<TypeParam>(nullptr, nullptr, nullptr, 4, 0, stream());
  synchronize();
}

}  // namespace
}  // namespace cucurbit
