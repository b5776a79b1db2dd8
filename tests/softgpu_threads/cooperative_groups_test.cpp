#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>

#include <algorithm>
#include <set>

#include "group_results.h"
#include "misuse.h"

namespace cg = cooperative_groups;

namespace {

using Groups = RuntimeTest;

// --- Blocks and grids ----------------------------------------------------------------------------------------------

__global__ void name_threads(unsigned long long* out) {
  const cg::thread_block block = cg::this_thread_block();
  const cg::grid_group grid = cg::this_grid();
  const cg::thread_group any = block;
  unsigned long long* const mine = out + 8 * grid.thread_rank();
  mine[0] = block.thread_rank();
  mine[1] = block.size() * 1000 + block.num_threads();
  mine[2] = block.group_index().x + 10 * block.group_index().y + 100 * block.group_index().z;
  mine[3] = block.thread_index().x + 10 * block.thread_index().y + 100 * block.thread_index().z;
  mine[4] = block.dim_threads().x + 10 * block.dim_threads().y + 100 * block.dim_threads().z;
  mine[5] = grid.size() * 1000 + grid.num_blocks();
  mine[6] = grid.block_rank();
  mine[7] = any.size() * 1000 + any.thread_rank();
}

TEST_F(Groups, BlocksAndGridsNameTheirThreads) {
  const dim3 grid(2, 3, 2), block(3, 4, 5);
  const auto out = results(name_threads, grid, block, 8);
  size_t i = 0;
  for (unsigned bz = 0, b = 0; bz < 2; ++bz)
    for (unsigned by = 0; by < 3; ++by)
      for (unsigned bx = 0; bx < 2; ++bx, ++b)
        for (unsigned tz = 0, t = 0; tz < 5; ++tz)
          for (unsigned ty = 0; ty < 4; ++ty)
            for (unsigned tx = 0; tx < 3; ++tx, ++t, i += 8) {
              const std::vector<unsigned long long> got(out.begin() + i, out.begin() + i + 8);
              ASSERT_EQ(got, (std::vector<unsigned long long>{t, 60060, bx + 10 * by + 100 * bz,
                                                              tx + 10 * ty + 100 * tz, 543, 720012, b, 60000 + t}));
            }
}

__global__ void reverse_in_block(int* out) {
  __shared__ int tile[256];
  const auto block = cg::this_thread_block();
  tile[block.thread_rank()] = block.thread_rank();
  cg::sync(block);
  out[block.thread_rank()] = tile[block.size() - 1 - block.thread_rank()];
}

TEST_F(Groups, BlockSync) {
  const auto out = results(reverse_in_block, 1, 200, 1);
  for (int t = 0; t < 200; ++t) ASSERT_EQ(out[t], 199 - t);
}

__global__ void grid_sums(int* out, int* sums, int rounds) {
  const auto grid = cg::this_grid();
  for (int round = 0; round < rounds; ++round) {
    atomicAdd(&sums[round], 1);
    grid.sync();
    if (sums[round] != int(grid.size())) out[grid.thread_rank()] = -round;
  }
  if (out[grid.thread_rank()] == -7) out[grid.thread_rank()] = grid.is_valid();
}

TEST_F(Groups, GridSync) {
  int rounds = 5;
  int* out = device_array(std::vector<int>(4 * 96, -7));
  int* sums = device_array(std::vector<int>(rounds));
  void* arguments[] = {&out, &sums, &rounds};
  const cudaError_t launched = cudaLaunchCooperativeKernel(grid_sums, dim3(4), dim3(96), arguments, 0, nullptr);
#ifdef __SANITIZE_ADDRESS__  // shared variables exist only once, so only one block can be alive
  EXPECT_EQ(launched, cudaErrorNotSupported);
  const int blocks = 1;
  ASSERT_CUDA(cudaLaunchCooperativeKernel(grid_sums, dim3(blocks), dim3(96), arguments, 0, nullptr));
#else
  const int blocks = 4;
  ASSERT_CUDA(launched);
#endif
  ASSERT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(host_copy(out, blocks * 96), std::vector<int>(blocks * 96, 1));
}

// --- Tiles ---------------------------------------------------------------------------------------------------------

constexpr int kTileResults = 14;

template <unsigned Size, class Tile>
__device__ void describe_tile(const Tile& tile, int value, int* mine) {
  const unsigned rank = tile.thread_rank();
  mine[0] = int(rank);
  mine[1] = int(tile.size());
  mine[2] = int(tile.meta_group_rank() * 1000 + tile.meta_group_size());
  mine[3] = tile.shfl(value, int((rank + 1) % Size));
  mine[4] = tile.shfl_up(value, 1);
  mine[5] = tile.shfl_down(value, 2);
  mine[6] = tile.shfl_xor(value, Size / 2);
  mine[7] = int(tile.ballot(value % 3 == 0));
  mine[8] = tile.any(rank == Size - 1) * 10 + tile.any(value < 0);
  mine[9] = tile.all(rank < Size) * 10 + tile.all(rank > 0);
  mine[10] = int(tile.match_any(int(rank / 2)));
  int same = -1;
  mine[11] = int(tile.match_all(value / 64, same));
  mine[12] = same;
  tile.sync();
  const double2 wide = tile.shfl(make_double2(value, -value), 0);
  mine[13] = int(wide.x - wide.y);
}

template <unsigned Size>
__global__ void describe_tiles(int* out) {
  const auto block = cg::this_thread_block();
  const auto tile = cg::tiled_partition<Size>(block);
  describe_tile<Size>(tile, int(block.thread_rank() * 5 % 64), out + kTileResults * block.thread_rank());
}

template <unsigned Size>
__global__ void describe_nested_tiles(int* out) {
  const auto block = cg::this_thread_block();
  const cg::thread_block_tile<Size> tile = cg::tiled_partition<Size>(cg::tiled_partition<32>(block));
  describe_tile<Size>(tile, int(block.thread_rank() * 5 % 64), out + kTileResults * block.thread_rank());
}

template <int kSize>
void expect_tiles(const std::vector<int>& out, int parent) {
  const auto value = [](int thread) { return thread * 5 % 64; };
  const auto bits = [&](auto holds) {
    unsigned mask = 0;
    for (int r = 0; r < kSize; ++r) mask |= unsigned(holds(r)) << r;
    return int(mask);
  };
  for (int t = 0; t < 128; ++t) {
    const int rank = t % kSize, base = t - rank;
    bool alike = true;
    for (int r = 0; r < kSize; ++r) alike = alike && value(base + r) / 64 == value(base) / 64;
    const std::vector<int> expected = {
        rank,
        kSize,
        t % parent / kSize * 1000 + parent / kSize,
        value(base + (rank + 1) % kSize),
        value(rank >= 1 ? t - 1 : t),
        value(rank + 2 < kSize ? t + 2 : t),
        value(base + (rank ^ kSize / 2)),
        bits([&](int r) { return value(base + r) % 3 == 0; }),
        10,
        10,
        bits([&](int r) { return r / 2 == rank / 2; }),
        alike ? bits([](int) { return true; }) : 0,
        alike,
        2 * value(base),
    };
    const std::vector<int> got(out.begin() + kTileResults * t, out.begin() + kTileResults * (t + 1));
    ASSERT_EQ(got, expected) << kSize << ": thread " << t;
  }
}

template <int kSize>
void check_tiles() {
  expect_tiles<kSize>(results(describe_tiles<kSize>, 1, 128, kTileResults), 128);
  if constexpr (kSize < 32) expect_tiles<kSize>(results(describe_nested_tiles<kSize>, 1, 128, kTileResults), 32);
}

TEST_F(Groups, Tiles) {
  check_tiles<1>();
  check_tiles<2>();
  check_tiles<4>();
  check_tiles<8>();
  check_tiles<16>();
  check_tiles<32>();
}

__global__ void tiles_of_a_size(int* out, unsigned size) {
  __shared__ int shared[96];
  const auto block = cg::this_thread_block();
  const cg::thread_group tile = cg::tiled_partition(block, size);
  const cg::thread_group half = cg::tiled_partition(tile, size / 2);
  int* const mine = out + 3 * block.thread_rank();
  mine[0] = int(tile.thread_rank() * 1000 + tile.size());
  mine[1] = int(half.thread_rank() * 1000 + half.size());
  shared[block.thread_rank()] = int(block.thread_rank());
  tile.sync();
  const unsigned last = block.thread_rank() - unsigned(tile.thread_rank()) + unsigned(tile.size()) - 1;
  mine[2] = shared[last];
}

TEST_F(Groups, TilesOfASizeKnownAtRunTime) {
  for (const int size : {2, 4, 16, 32}) {
    const auto out = results(tiles_of_a_size, 1, 96, 3, unsigned(size));
    for (int t = 0; t < 96; ++t) {
      ASSERT_EQ(out[3 * t], t % size * 1000 + size);
      ASSERT_EQ(out[3 * t + 1], t % (size / 2) * 1000 + size / 2);
      ASSERT_EQ(out[3 * t + 2], t / size * size + size - 1);
    }
  }
}

// --- Coalesced groups and partitions -------------------------------------------------------------------------------

__global__ void count_together(int* out, int* counter, int modulus) {
  const int t = int(threadIdx.x);
  if (t % modulus != 0) return;
  const cg::coalesced_group group = cg::coalesced_threads();
  int first = 0;
  if (group.thread_rank() == 0) first = atomicAdd(counter, int(group.size()));
  out[t] = group.shfl(first, 0) + int(group.thread_rank());
}

TEST_F(Groups, CoalescedThreadsCountTogether) {
  for (const int modulus : {1, 2, 3, 7, 31, 40}) {
    int* const counter = device_array(std::vector<int>{0});
    const auto out = results(count_together, 1, 256, 1, counter, modulus);
    std::set<int> numbers;
    const int members = (256 + modulus - 1) / modulus;
    for (int t = 0; t < 256; ++t) {
      if (t % modulus != 0) {
        ASSERT_EQ(out[t], -7);
        continue;
      }
      numbers.insert(out[t]);
      if (t >= modulus && t / 32 == (t - modulus) / 32) {
        ASSERT_EQ(out[t], out[t - modulus] + 1);
      }
    }
    EXPECT_EQ(int(numbers.size()), members);
    EXPECT_EQ(*numbers.rbegin(), members - 1);
    EXPECT_EQ(host_copy(counter, 1)[0], members);
  }
}

__global__ void branches(int* out) {
  const int lane = int(threadIdx.x % 32);
  int* const mine = out + 4 * threadIdx.x;
  if (lane % 4 == 1) {
    const auto group = cg::coalesced_threads();
    mine[0] = int(group.size() * 100 + group.thread_rank());
    mine[1] = group.shfl_up(lane, 1);
    mine[2] = group.shfl_down(lane, 3);
    mine[3] = int(group.ballot(lane < 16));
  } else {
    const auto group = cg::coalesced_threads();
    mine[0] = int(group.size() * 100 + group.thread_rank());
    mine[1] = int(group.match_any(lane / 16));
    mine[2] = group.any(lane == 2) * 10 + group.all(lane % 4 != 1);
    int same = -1;
    mine[3] = int(group.match_all(lane / 32, same)) * (same ? 1 : -1);
  }
}

TEST_F(Groups, BothSidesOfABranch) {
  const auto out = results(branches, 1, 64, 4);
  for (int t = 0; t < 64; ++t) {
    const int lane = t % 32;
    const std::vector<int> got(out.begin() + 4 * t, out.begin() + 4 * t + 4);
    if (lane % 4 == 1) {
      ASSERT_EQ(got,
                (std::vector<int>{800 + lane / 4, lane >= 4 ? lane - 4 : lane, lane < 20 ? lane + 12 : lane, 0x0f}));
    } else {
      const int rank = lane / 4 * 3 + (lane % 4 == 0 ? 0 : lane % 4 - 1);
      ASSERT_EQ(got, (std::vector<int>{2400 + rank, lane < 16 ? 0x000fff : 0xfff000, 11, 0xffffff}));
    }
  }
}

__global__ void partitions(int* out) {
  const auto block = cg::this_thread_block();
  const auto tile = cg::tiled_partition<16>(block);
  const int t = int(block.thread_rank());
  int* const mine = out + 8 * t;
  const auto binary = cg::binary_partition(tile, t % 5 == 0);
  mine[0] = int(binary.size() * 100 + binary.thread_rank());
  mine[1] = int(binary.meta_group_rank() * 10 + binary.meta_group_size());
  const auto labeled = cg::labeled_partition(tile, t * 7 % 3);
  mine[2] = int(labeled.size() * 100 + labeled.thread_rank());
  mine[3] = int(labeled.meta_group_rank() * 10 + labeled.meta_group_size());
  mine[4] = labeled.shfl(t, 1);
  const auto pairs = cg::tiled_partition(labeled, 2);
  mine[5] = int(pairs.size() * 100 + pairs.thread_rank());
  mine[6] = int(pairs.meta_group_rank() * 10 + pairs.meta_group_size());
  mine[7] = pairs.shfl(t, 0);
}

TEST_F(Groups, Partitions) {
  const auto out = results(partitions, 1, 64, 8);
  for (int t = 0; t < 64; ++t) {
    const int base = t / 16 * 16;
    std::vector<int> same_binary, same_label, labels;
    for (int other = base; other < base + 16; ++other) {
      if ((other % 5 == 0) == (t % 5 == 0)) same_binary.push_back(other);
      if (other * 7 % 3 == t * 7 % 3) same_label.push_back(other);
      const int label = other * 7 % 3;
      if (std::find(labels.begin(), labels.end(), label) == labels.end()) labels.push_back(label);
    }
    const auto rank_in = [&](const std::vector<int>& group, int x) {
      return int(std::find(group.begin(), group.end(), x) - group.begin());
    };
    const int rank = rank_in(same_label, t), members = int(same_label.size());
    const std::vector<int> got(out.begin() + 8 * t, out.begin() + 8 * t + 8);
    ASSERT_EQ(got, (std::vector<int>{int(same_binary.size()) * 100 + rank_in(same_binary, t), (t % 5 == 0) * 10 + 2,
                                     members * 100 + rank, rank_in(labels, t * 7 % 3) * 10 + 3, same_label[1],
                                     std::min(2, members - rank / 2 * 2) * 100 + rank % 2,
                                     rank / 2 * 10 + (members + 1) / 2, same_label[rank / 2 * 2]}))
        << t;
  }
}

#ifdef SOFTGPU

__global__ void odd_tile(int* out) { out[threadIdx.x] = int(cg::tiled_partition(cg::this_thread_block(), 3).size()); }
__global__ void shuffle_beyond(int* out) {
  if (threadIdx.x >= 4) return;
  out[threadIdx.x] = cg::coalesced_threads().shfl(1, 4);
}
__global__ void sync_uncooperative(int* out) {
  cg::this_grid().sync();
  *out = 1;
}

TEST_F(Groups, MisuseFailsTheLaunch) {
  for (void (*kernel)(int*) : {odd_tile, shuffle_beyond, sync_uncooperative}) {
    int* const out = device_array(std::vector<int>(32, -7));
    const std::string text = what_is_said_of_misuse(kernel, 32, out);
    EXPECT_NE(text.find("cooperative_groups_test.cpp:"), std::string::npos) << text;
  }
}

__global__ void groups_of_one(int* out) {
  const auto block = cg::this_thread_block();
  const auto tile = cg::tiled_partition<32>(block);
  const auto group = cg::coalesced_threads();
  const auto label = cg::labeled_partition(tile, 7);
  block.sync();
  tile.sync();
  out[0] = int(block.size() * 1000 + tile.size() * 100 + group.size() * 10 + label.size());
  out[1] = int(block.thread_rank() + tile.thread_rank() + tile.meta_group_rank() + group.thread_rank());
  out[2] = tile.shfl_down(41, 1) + cg::reduce(tile, 1, cg::plus<int>()) + cg::exclusive_scan(group, 5);
  out[3] = int(tile.ballot(1) * 100 + group.match_any(3) * 10 + tile.meta_group_size());
  out[4] = int(cg::tiled_partition(block, 16).size());
  cg::memcpy_async(block, out + 5, out, 4);
  cg::wait(block);
}

TEST_F(Groups, HaveOneThreadInFastMode) {
  if (softgpu::kInstrumented) GTEST_SKIP() << "always in thread mode";
  results(reverse_in_block, 1, 200, 1);  // the last thread to run is not the first one
  softgpu::set_mode(softgpu::Mode::fast);
  const auto out = results(groups_of_one, 1, 1, 6);
  softgpu::set_mode(softgpu::Mode::threads);
  EXPECT_EQ(out, (std::vector<int>{1111, 0, 42, 111, 1, 1111}));
}

#endif

}  // namespace
