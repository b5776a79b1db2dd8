// Batches from a set on the device: the permutation, normalisation, rows of a table. augment_test.cpp has the rest.
#include "kernels/gather_batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/gather_fixture.h"

namespace cucurbit {
namespace {

/// The samples of one epoch in the order of training.
std::vector<int32_t> order_of(int64_t count, uint64_t seed, int64_t epoch) {
  std::vector<int32_t> order(static_cast<size_t>(count));
  kernels::batch_samples({.seed = seed, .epoch = epoch}, count, count, true, order.data());
  return order;
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

TYPED_TEST_SUITE(GatherTest, GatherTypes);

TYPED_TEST(GatherTest, RangeIsTheSetInOrder) {
  for (int channels : {1, 2, 3, 5}) {
    const TestSet set(11, 5, 7, channels);
    const DeviceBatch<TypeParam> device(set, 4);
    kernels::gather_range(set.source(), 6, device.target(), stream());
    const HostBatch batch = device.host();
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(batch.indices[i], int32_t(6 + i));
      EXPECT_EQ(batch.labels[i], set.label_list[6 + i]);
      test::expect_close(image(batch, i), set.picture(int64_t(6 + i)), dtype_of<TypeParam>, 1, 1, "range");
    }
  }
}

TEST(GatherBatch, BatchesOfAnEpochFollowTheOrder) {
  const TestSet set(23, 2, 2, 1);
  const auto order = order_of(23, 5, 3);
  for (int64_t number = 0; number < 3; ++number) {
    const HostBatch batch = gather<float>(set, 8, {.seed = 5, .epoch = 3, .epoch_micro_batch = number}, true, {});
    for (int64_t i = 0; i < 8; ++i)  // the last batch begins again at the first place
      EXPECT_EQ(batch.indices[size_t(i)], order[size_t((number * 8 + i) % 23)]);
    const HostBatch plain = gather<float>(set, 8, {.seed = 5, .epoch = 3, .epoch_micro_batch = number}, false, {});
    for (int64_t i = 0; i < 8; ++i) EXPECT_EQ(plain.indices[size_t(i)], (number * 8 + i) % 23);
  }
}

TEST(GatherBatch, TheHostNamesTheSameSamples) {
  const TestSet set(23, 2, 2, 1);
  for (const bool shuffle : {false, true})
    for (int64_t number : {0, 2, 7}) {
      const StepState state{.seed = 5ull << 40, .micro_batch = 31, .epoch = 3, .epoch_micro_batch = number};
      std::vector<int32_t> samples(8);
      kernels::batch_samples(state, 8, 23, shuffle, samples.data());
      EXPECT_EQ(samples, gather<float>(set, 8, state, shuffle, {}).indices);
    }
}

TYPED_TEST(GatherTest, ARingOfBatchesGivesWhatTheSetGives) {
  const TestSet set(23, 6, 5, 3);
  for (const Augmentation& augmentation : {Augmentation{.max_shift = 2, .flip = Flip::random},
                                           {.flip = Flip::random, .color_jitter = {.contrast = 0.4f}}}) {
    constexpr int64_t kRing = 4, kSize = 5, kBytes = 6 * 5 * 3;
    std::vector<uint8_t> ring(kRing * kSize * kBytes);
    for (StepState at{.seed = 9, .micro_batch = 6, .epoch = 1, .epoch_micro_batch = 2}; at.micro_batch < 10;
         at = at.next(4)) {
      std::vector<int32_t> samples(kSize);
      kernels::batch_samples(at, kSize, 23, true, samples.data());
      for (int64_t i = 0; i < kSize; ++i)
        std::copy_n(set.bytes.begin() + samples[size_t(i)] * kBytes, kBytes,
                    ring.begin() + (at.micro_batch % kRing * kSize + i) * kBytes);
    }
    const Tensor images = Tensor::from_host(ring, {kRing * kSize * kBytes});
    kernels::ImageSource source = set.source();
    source.images = images.data<uint8_t>();
    source.ring = kRing;
    for (StepState at{.seed = 9, .micro_batch = 6, .epoch = 1, .epoch_micro_batch = 2}; at.micro_batch < 10;
         at = at.next(4)) {
      const DeviceBatch<TypeParam> batch(set, kSize);
      const Tensor state = device_state(at);
      kernels::gather_batch(source, as_state(state), true, augmentation, batch.target(), stream());
      const HostBatch want = gather<TypeParam>(set, kSize, at, true, augmentation), got = batch.host();
      EXPECT_TRUE(test::same_bits(got.images, want.images)) << "step " << at.micro_batch;
      EXPECT_EQ(got.labels, want.labels);
      EXPECT_EQ(got.indices, want.indices);
    }
  }
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
