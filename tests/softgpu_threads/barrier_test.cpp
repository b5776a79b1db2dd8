// Tests of barriers, indices and dynamic shared memory in thread mode.
#include <numeric>

#include "softgpu/runtime_support.h"

namespace {

using Threads = RuntimeTest;

__global__ void reverse(int* data) {
  __shared__ int tile[1024];
  tile[threadIdx.x] = data[threadIdx.x];
  __syncthreads();
  data[threadIdx.x] = tile[blockDim.x - 1 - threadIdx.x];
}

__global__ void votes(int* out) {
  const int even = threadIdx.x % 2 == 0;
  const int count = __syncthreads_count(even);
  const int all = __syncthreads_and(even);
  const int any = __syncthreads_or(even);
  const int none = __syncthreads_or(0);
  const int every = __syncthreads_and(1);
  out[threadIdx.x] = count * 10000 + all * 1000 + any * 100 + none * 10 + every;
}

__global__ void record_indices(uint3* where) {
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  where[block * blockDim.x * blockDim.y * blockDim.z + thread] = threadIdx;
}

__global__ void sum_by_steps(const int* in, int* out) {
  auto* const shared = static_cast<int*>(softgpu::dynamic_shared_memory());
  const unsigned t = threadIdx.x;
  shared[t] = in[blockIdx.x * blockDim.x + t];
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    __syncthreads();
    if (t < half) shared[t] += shared[t + half];
  }
  if (t == 0) out[blockIdx.x] = shared[0];
}

__global__ void locked_increment(int* lock, int* counter) {
  while (atomicCAS(lock, 0, 1) != 0) {
  }
  const int seen = *counter;
  __nanosleep(100);
  *counter = seen + 1;
  atomicExch(lock, 0);
}

__global__ void barriers(int count, int* out) {
  for (int i = 0; i < count; ++i) __syncthreads();
  out[threadIdx.x] = count;
}

TEST_F(Threads, BarrierSeparatesWritesFromReads) {
  for (const int n : {1, 31, 32, 33, 256, 1000, 1024}) {
    std::vector<int> in(n);
    std::iota(in.begin(), in.end(), 0);
    int* data = device_array(in);
    ASSERT_CUDA(launch(reverse, 1, n, 0, nullptr, data));
    std::reverse(in.begin(), in.end());
    EXPECT_EQ(host_copy(data, n), in) << n;
  }
}

TEST_F(Threads, BarrierCountsVotes) {
  int* out = device_array(std::vector<int>(63));
  ASSERT_CUDA(launch(votes, 1, 63, 0, nullptr, out));
  EXPECT_EQ(host_copy(out, 63), std::vector<int>(63, 32 * 10000 + 100 + 1));
}

TEST_F(Threads, EveryThreadHasItsIndex) {
  const dim3 grid(3, 2, 2), block(5, 3, 7);
  constexpr unsigned kThreads = 5 * 3 * 7, kBlocks = 12;
  uint3* where = device_array(std::vector<uint3>(kThreads * kBlocks));
  ASSERT_CUDA(launch(record_indices, grid, block, 0, nullptr, where));
  const auto seen = host_copy(where, kThreads * kBlocks);
  for (unsigned i = 0; i < kThreads * kBlocks; ++i) {
    const unsigned t = i % kThreads;
    ASSERT_EQ(seen[i].x, t % 5);
    ASSERT_EQ(seen[i].y, t / 5 % 3);
    ASSERT_EQ(seen[i].z, t / 15);
  }
}

TEST_F(Threads, DynamicSharedMemoryIsTheBlocksOwn) {
  std::vector<int> in(64 * 128), expected(64);
  for (int i = 0; i < 64 * 128; ++i) expected[i / 128] += in[i] = i * 7 % 1000;
  int* out = device_array(std::vector<int>(64));
  ASSERT_CUDA(launch(sum_by_steps, 64, 128, 128 * sizeof(int), nullptr, device_array(in), out));
  EXPECT_EQ(host_copy(out, 64), expected);
}

TEST_F(Threads, AThreadThatWaitsForALockLetsItsOwnerRun) {
  int* lock = device_array<int>({0});
  int* counter = device_array<int>({0});
  ASSERT_CUDA(launch(locked_increment, 1, 128, 0, nullptr, lock, counter));
  EXPECT_EQ(host_copy(counter, 1), std::vector<int>{128});
}

TEST_F(Threads, BarriersInALoop) {
  int* out = device_array(std::vector<int>(256));
  ASSERT_CUDA(launch(barriers, 4, 256, 0, nullptr, 100, out));
  EXPECT_EQ(host_copy(out, 256), std::vector<int>(256, 100));
}

}  // namespace
