// Tests of shuffles, votes, matches and reductions.
#include <cstdint>

#include "softgpu/runtime_support.h"

namespace {

using Warp = RuntimeTest;

constexpr int kLanes = 32;

__global__ void shuffles(int* out) {
  const int lane = static_cast<int>(threadIdx.x % 32), value = 100 + static_cast<int>(threadIdx.x);
  int* mine = out + threadIdx.x * 6;
  mine[0] = __shfl_sync(~0u, value, 3);
  mine[1] = __shfl_sync(~0u, value, lane + 1, 8);
  mine[2] = __shfl_up_sync(~0u, value, 2);
  mine[3] = __shfl_down_sync(~0u, value, 3, 16);
  mine[4] = __shfl_xor_sync(~0u, value, 5);
  mine[5] = __shfl_xor_sync(~0u, value, 16, 16);
}

TEST_F(Warp, ShufflesMoveValuesAsDocumented) {
  int* out = device_array(std::vector<int>(64 * 6));
  ASSERT_CUDA(launch(shuffles, 1, 64, 0, nullptr, out));
  const auto seen = host_copy(out, 64 * 6);
  for (int t = 0; t < 64; ++t) {
    const int lane = t % 32, base = 100 + t - lane;
    EXPECT_EQ(seen[t * 6 + 0], base + 3);
    EXPECT_EQ(seen[t * 6 + 1], base + lane / 8 * 8 + (lane + 1) % 8);
    EXPECT_EQ(seen[t * 6 + 2], base + (lane < 2 ? lane : lane - 2));
    EXPECT_EQ(seen[t * 6 + 3], base + (lane % 16 < 13 ? lane + 3 : lane));
    EXPECT_EQ(seen[t * 6 + 4], base + (lane ^ 5));
    // A source in a later segment gives the lane's own value, one in an earlier segment that segment's value.
    EXPECT_EQ(seen[t * 6 + 5], base + (lane < 16 ? lane : lane - 16));
  }
}

template <class T>
__global__ void shuffle_type(T* out) {
  out[threadIdx.x] = __shfl_sync(~0u, static_cast<T>(threadIdx.x * 1.5), 31 - static_cast<int>(threadIdx.x));
}

template <class T>
void expect_reversed() {
  T* out = device_array(std::vector<T>(kLanes));
  ASSERT_CUDA(launch(shuffle_type<T>, 1, kLanes, 0, nullptr, out));
  const auto seen = host_copy(out, kLanes);
  for (int i = 0; i < kLanes; ++i) EXPECT_EQ(seen[i], static_cast<T>((31 - i) * 1.5)) << i;
}

TEST_F(Warp, ShufflesMoveEveryType) {
  expect_reversed<unsigned char>();
  expect_reversed<short>();
  expect_reversed<unsigned>();
  expect_reversed<int64_t>();
  expect_reversed<float>();
  expect_reversed<double>();
}

__global__ void votes(unsigned* out) {
  const unsigned lane = threadIdx.x;
  unsigned* mine = out + lane * 8;
  mine[0] = __ballot_sync(~0u, lane % 3 == 0);
  mine[1] = static_cast<unsigned>(__any_sync(~0u, lane == 7)) * 10 + static_cast<unsigned>(__all_sync(~0u, lane < 31));
  mine[2] = __match_any_sync(~0u, lane / 10);
  int same = -1;
  mine[3] = __match_all_sync(~0u, 5, &same);
  mine[4] = static_cast<unsigned>(same);
  mine[5] = __match_all_sync(~0u, lane, &same);
  mine[6] = static_cast<unsigned>(same);
  mine[7] = __reduce_add_sync(~0u, lane) + 1000 * __reduce_max_sync(~0u, lane ^ 9) +
            100000 * __reduce_min_sync(~0u, lane + 2);
}

TEST_F(Warp, VotesMatchesAndReductions) {
  unsigned* out = device_array(std::vector<unsigned>(kLanes * 8));
  ASSERT_CUDA(launch(votes, 1, kLanes, 0, nullptr, out));
  const auto seen = host_copy(out, kLanes * 8);
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    const unsigned* mine = &seen[lane * 8];
    EXPECT_EQ(mine[0], 0x49249249u);
    EXPECT_EQ(mine[1], 10u);
    const unsigned group = lane / 10;
    EXPECT_EQ(mine[2], group == 3 ? 0xc0000000u : 0x3ffu << group * 10);
    EXPECT_EQ(mine[3], ~0u);
    EXPECT_EQ(mine[4], 1u);
    EXPECT_EQ(mine[5], 0u);
    EXPECT_EQ(mine[6], 0u);
    EXPECT_EQ(mine[7], 496u + 31 * 1000 + 2 * 100000);
  }
}

__global__ void halves(int* out) {
  const bool upper = threadIdx.x >= 16;
  const unsigned mask = upper ? 0xffff0000u : 0x0000ffffu;
  int sum = static_cast<int>(threadIdx.x);
  for (int offset = 8; offset > 0; offset /= 2) sum += __shfl_xor_sync(mask, sum, offset);
  if (upper) sum += __shfl_sync(mask, 1000, 16);
  out[threadIdx.x] = sum;
}

TEST_F(Warp, HalvesOfAWarpMeetByMask) {
  int* out = device_array(std::vector<int>(kLanes));
  ASSERT_CUDA(launch(halves, 1, kLanes, 0, nullptr, out));
  const auto seen = host_copy(out, kLanes);
  for (int i = 0; i < kLanes; ++i) EXPECT_EQ(seen[i], i < 16 ? 120 : 376 + 1000) << i;
}

__global__ void after_some_left(int* out) {
  if (threadIdx.x >= 20) return;
  out[threadIdx.x] = __shfl_up_sync(~0u, static_cast<int>(threadIdx.x), 1);
}

TEST_F(Warp, LanesThatLeftAreNotAwaited) {
  int* out = device_array(std::vector<int>(20));
  ASSERT_CUDA(launch(after_some_left, 1, kLanes, 0, nullptr, out));
  const auto seen = host_copy(out, 20);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(seen[i], i == 0 ? 0 : i - 1);
}

__global__ void exchange_through_shared(int* out) {
  __shared__ int tile[32];
  tile[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncwarp();
  out[threadIdx.x] = tile[31 - threadIdx.x];
}

TEST_F(Warp, SyncwarpSeparatesWritesFromReads) {
  int* out = device_array(std::vector<int>(kLanes));
  ASSERT_CUDA(launch(exchange_through_shared, 1, kLanes, 0, nullptr, out));
  const auto seen = host_copy(out, kLanes);
  for (int i = 0; i < kLanes; ++i) EXPECT_EQ(seen[i], 31 - i);
}

__global__ void converge(unsigned* out) {
  if (threadIdx.x % 3 == 0) {
    out[threadIdx.x] = __activemask();
  } else {
    out[threadIdx.x] = __activemask();
  }
}

TEST_F(Warp, ActiveMaskIsWhoTookTheBranch) {
  unsigned* out = device_array(std::vector<unsigned>(kLanes));
  ASSERT_CUDA(launch(converge, 1, kLanes, 0, nullptr, out));
  const auto seen = host_copy(out, kLanes);
  for (int i = 0; i < kLanes; ++i) EXPECT_EQ(seen[i], i % 3 == 0 ? 0x49249249u : ~0x49249249u) << i;
}

}  // namespace
