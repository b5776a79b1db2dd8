// Tests of reduce and the scans of cooperative groups.
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>

#include <algorithm>

#include "group_results.h"

namespace cg = cooperative_groups;

namespace {

using GroupCollectives = RuntimeTest;

template <class Group>
__device__ void reduce_all(const Group& group, int value, int* mine) {
  mine[0] = cg::reduce(group, value, cg::plus<int>());
  mine[1] = cg::reduce(group, value, cg::less<int>());
  mine[2] = cg::reduce(group, value, cg::greater<int>());
  mine[3] = cg::reduce(group, value, cg::bit_and<int>());
  mine[4] = cg::reduce(group, value, cg::bit_or<int>());
  mine[5] = cg::reduce(group, value, cg::bit_xor<int>());
  mine[6] = cg::inclusive_scan(group, value);
  mine[7] = cg::exclusive_scan(group, value);
  mine[8] = cg::inclusive_scan(group, value, cg::greater<int>());
  mine[9] = int(16 * cg::reduce(group, 0.25f * float(value), cg::plus<float>()));
  mine[10] = int(cg::reduce(group, (long long)value << 20, cg::plus<long long>()) >> 20);
  mine[11] = cg::invoke_one_broadcast(group, [&] { return value; });
  mine[12] = 0;
  cg::invoke_one(group, [&] { mine[12] = 1; });
}
constexpr int kCollectives = 13;

template <unsigned Size>
__global__ void reduce_tiles(int* out) {
  const auto block = cg::this_thread_block();
  const int t = int(block.thread_rank());
  reduce_all(cg::tiled_partition<Size>(block), t * 37 % 101 - 20, out + kCollectives * t);
}
__global__ void reduce_coalesced(int* out, unsigned mask) {
  const int t = int(threadIdx.x);
  if ((mask >> (t % 32) & 1) != 0) reduce_all(cg::coalesced_threads(), t * 37 % 101 - 20, out + kCollectives * t);
}

void expect_collectives(const std::vector<int>& out, const std::vector<int>& members) {
  int sum = 0, low = 1000, high = -1000, all = -1, some = 0, odd = 0;
  const auto value = [](int t) { return t * 37 % 101 - 20; };
  for (const int t : members) {
    sum += value(t);
    low = std::min(low, value(t));
    high = std::max(high, value(t));
    all &= value(t);
    some |= value(t);
    odd ^= value(t);
  }
  int before = 0, largest = -1000;
  for (const int t : members) {
    largest = std::max(largest, value(t));
    const std::vector<int> got(out.begin() + kCollectives * t, out.begin() + kCollectives * (t + 1));
    ASSERT_EQ(got, (std::vector<int>{sum, low, high, all, some, odd, before + value(t), before, largest, 4 * sum, sum,
                                     value(members[0]), t == members[0]}))
        << t << " of " << members.size();
    before += value(t);
  }
}

template <int kSize>
void check_collectives() {
  const auto out = results(reduce_tiles<kSize>, 1, 64, kCollectives);
  for (int base = 0; base < 64; base += kSize) {
    std::vector<int> members;
    for (int r = 0; r < kSize; ++r) members.push_back(base + r);
    expect_collectives(out, members);
  }
}

TEST_F(GroupCollectives, OfTiles) {
  check_collectives<1>();
  check_collectives<2>();
  check_collectives<8>();
  check_collectives<32>();
}

TEST_F(GroupCollectives, OfCoalescedGroups) {
  for (const unsigned mask : {0xffffffffu, 0x00010000u, 0x80000001u, 0x13579bdfu, 0x0000ff00u, 0x7fffffffu}) {
    const auto out = results(reduce_coalesced, 1, 64, kCollectives, mask);
    for (int warp = 0; warp < 2; ++warp) {
      std::vector<int> members;
      for (int lane = 0; lane < 32; ++lane)
        if ((mask >> lane & 1) != 0) members.push_back(32 * warp + lane);
      expect_collectives(out, members);
    }
  }
}

__global__ void copy_rows(char* out, const char* in, int bytes, int rows) {
  __shared__ __align__(16) char buffer[2][512];
  const auto block = cg::this_thread_block();
  cg::memcpy_async(block, buffer[0], in, bytes);
  for (int row = 0; row < rows; ++row) {
    if (row + 1 < rows) {
      cg::memcpy_async(block, buffer[(row + 1) % 2], in + (row + 1) * bytes, bytes);
      cg::wait_prior<1>(block);
    } else {
      cg::wait(block);
    }
    for (int i = int(block.thread_rank()); i < bytes; i += int(block.size())) out[row * bytes + i] = buffer[row % 2][i];
    block.sync();
  }
}

TEST_F(GroupCollectives, MemcpyAsync) {
  for (const int bytes : {1, 2, 4, 12, 16, 36, 100, 512}) {
    std::vector<char> in(bytes * 5);
    for (size_t i = 0; i < in.size(); ++i) in[i] = char(i * 11 + 3);
    char* const source = device_array(in);
    char* const out = device_array(std::vector<char>(in.size()));
    ASSERT_CUDA(launch(copy_rows, 1, 32, 0, nullptr, out, source, bytes, 5));
    ASSERT_CUDA(cudaDeviceSynchronize());
    EXPECT_EQ(host_copy(out, in.size()), in) << bytes;
  }
}

}  // namespace
