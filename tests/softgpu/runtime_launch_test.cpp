// Tests of launches: grids, attributes, limits and occupancy.
#include <omp.h>

#include <atomic>
#include <cstdint>

#include "runtime_support.h"

namespace {

using RuntimeLaunch = RuntimeTest;

__global__ void empty_kernel() {}

__global__ void record_indices(uint3* where, unsigned* visits) {
  const size_t i = blockIdx.x + static_cast<size_t>(gridDim.x) * (blockIdx.y + gridDim.y * blockIdx.z);
  where[i] = blockIdx;
  ++visits[i];
  if (threadIdx.x != 0 || threadIdx.y != 0 || threadIdx.z != 0 || blockDim.x != 1) visits[i] = 1000;
}

__global__ void convert_arguments(double* out, float f, int64_t i, const char* text) {
  *out = f + static_cast<double>(i) + text[0];
}

__global__ void count_up(int* i, unsigned* u, unsigned long long* ull, float* f, double* d, int* largest,
                         int* smallest) {
  const int block = static_cast<int>(blockIdx.x);
  atomicAdd(i, 1);
  atomicAdd(u, 2u);
  atomicAdd(ull, 3ull);
  atomicAdd(f, 1.0f);
  atomicAdd(d, 0.5);
  atomicMax(largest, block);
  atomicMin(smallest, -block);
}

__global__ void last_block(unsigned* ticket, unsigned* lasts) {
  if (atomicInc(ticket, gridDim.x - 1) == gridDim.x - 1) atomicAdd(lasts, 1u);
}

__global__ void use_dynamic_shared(uint64_t* misaligned, uint64_t* wrong, size_t count) {
  auto* const shared = static_cast<unsigned char*>(softgpu::dynamic_shared_memory());
  if (reinterpret_cast<uintptr_t>(shared) % 128 != 0)
    atomicAdd(reinterpret_cast<unsigned long long*>(misaligned), 1ull);
  const auto mark = static_cast<unsigned char>(blockIdx.x);
  for (size_t i = 0; i < count; ++i) shared[i] = mark;
  for (size_t i = 0; i < count; ++i) {
    if (shared[i] != mark) atomicAdd(reinterpret_cast<unsigned long long*>(wrong), 1ull);
  }
}

__global__ void use_static_shared(int* out) {
  __shared__ int tile[64];
  for (int i = 0; i < 64; ++i) tile[i] = static_cast<int>(blockIdx.x) + i;
  __syncthreads();
  int sum = 0;
  for (const int value : tile) sum += value;
  out[blockIdx.x] = sum;
}

__global__ void region_depth(int* depth) { *depth = omp_get_level(); }

TEST_F(RuntimeLaunch, EveryBlockRunsOnceWithItsIndex) {
  for (const dim3 grid : {dim3(1), dim3(2), dim3(70001), dim3(7, 5, 3), dim3(1, 65535), dim3(1, 1, 300)}) {
    const size_t blocks = static_cast<size_t>(grid.x) * grid.y * grid.z;
    uint3* where = device_array(std::vector<uint3>(blocks, uint3{~0u, ~0u, ~0u}));
    unsigned* visits = device_array(std::vector<unsigned>(blocks, 0));
    ASSERT_CUDA(launch(record_indices, grid, 1, 0, nullptr, where, visits));
    const auto seen = host_copy(where, blocks);
    const auto counts = host_copy(visits, blocks);
    for (size_t i = 0; i < blocks; ++i) {
      ASSERT_EQ(counts[i], 1u) << "block " << i;
      ASSERT_EQ(seen[i].x + static_cast<size_t>(grid.x) * (seen[i].y + grid.y * seen[i].z), i);
    }
  }
}

TEST_F(RuntimeLaunch, ArgumentsConvertAsInACall) {
  double* out = device_array<double>({0});
  ASSERT_CUDA(launch(convert_arguments, 1, 1, 0, nullptr, out, 1.5, 2, "a"));
  EXPECT_EQ(host_copy(out, 1)[0], 1.5 + 2 + 'a');
}

TEST_F(RuntimeLaunch, LimitsOfTheGrid) {
  const auto refused = [](dim3 grid, dim3 block) { return launch(empty_kernel, grid, block, 0, nullptr); };
  EXPECT_EQ(refused(dim3(0), 1), cudaErrorInvalidConfiguration);
  EXPECT_EQ(refused(dim3(1, 0), 1), cudaErrorInvalidConfiguration);
  EXPECT_EQ(refused(dim3(1, 1, 0), 1), cudaErrorInvalidConfiguration);
  EXPECT_EQ(refused(dim3(1u << 31), 1), cudaErrorInvalidConfiguration);
  EXPECT_EQ(refused(dim3(1, 65536), 1), cudaErrorInvalidConfiguration);
  EXPECT_EQ(refused(dim3(1, 1, 65536), 1), cudaErrorInvalidConfiguration);
  EXPECT_EQ(refused(1, dim3(0)), cudaErrorInvalidConfiguration);
  EXPECT_EQ(refused(1, dim3(1025)), cudaErrorInvalidConfiguration);
  EXPECT_EQ(refused(1, dim3(1, 1, 65)), cudaErrorInvalidConfiguration);
  EXPECT_EQ(refused(1, dim3(32, 33)), cudaErrorInvalidConfiguration);
  EXPECT_CUDA(refused(dim3(1, 65535), 1));
}

TEST_F(RuntimeLaunch, FastModeTakesOneThreadPerBlock) {
  ASSERT_TRUE(softgpu::one_thread_blocks());
  EXPECT_EQ(launch(empty_kernel, 1, 2, 0, nullptr), cudaErrorNotSupported);
  EXPECT_EQ(launch(empty_kernel, 1, dim3(1, 2), 0, nullptr), cudaErrorNotSupported);
  EXPECT_EQ(launch(empty_kernel, 1, 1024, 0, nullptr), cudaErrorNotSupported);
}

TEST_F(RuntimeLaunch, SharedMemoryBeyond48KMustBeGranted) {
  uint64_t* counts = device_array<uint64_t>({0, 0});
  const auto run = [&](size_t bytes) {
    return launch(use_dynamic_shared, 50, 1, bytes, nullptr, counts, counts + 1, bytes);
  };
  EXPECT_CUDA(run(48 << 10));
  EXPECT_EQ(run((48 << 10) + 1), cudaErrorInvalidValue);
  const auto grant = [](int bytes) {
    return cudaFuncSetAttribute(use_dynamic_shared, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
  };
  EXPECT_EQ(grant((227 << 10) + 1), cudaErrorInvalidValue);
  EXPECT_CUDA(grant(227 << 10));
  EXPECT_CUDA(run(227 << 10));
  EXPECT_EQ(run((227 << 10) + 1), cudaErrorInvalidValue);
  EXPECT_CUDA(grant(64 << 10));
  EXPECT_CUDA(run(64 << 10));
  EXPECT_EQ(run((64 << 10) + 1), cudaErrorInvalidValue);
  cudaFuncAttributes attributes{};
  EXPECT_CUDA(cudaFuncGetAttributes(&attributes, use_dynamic_shared));
  EXPECT_EQ(attributes.maxDynamicSharedSizeBytes, 64 << 10);
  EXPECT_EQ(host_copy(counts, 2), (std::vector<uint64_t>{0, 0}));
}

TEST_F(RuntimeLaunch, StaticSharedMemoryIsTheBlocksOwn) {
  constexpr int kBlocks = 1000;
  int* out = device_array(std::vector<int>(kBlocks, -1));
  ASSERT_CUDA(launch(use_static_shared, kBlocks, 1, 0, nullptr, out));
  const auto sums = host_copy(out, kBlocks);
  for (int b = 0; b < kBlocks; ++b) ASSERT_EQ(sums[b], 64 * b + 63 * 32);
}

TEST_F(RuntimeLaunch, AtomicsCountEveryBlock) {
  constexpr int kBlocks = 100000;
  int* i = device_array<int>({0, 0, 0});
  unsigned* u = device_array<unsigned>({0});
  unsigned long long* ull = device_array<unsigned long long>({1ull << 40});
  float* f = device_array<float>({0});
  double* d = device_array<double>({0});
  ASSERT_CUDA(launch(count_up, kBlocks, 1, 0, nullptr, i, u, ull, f, d, i + 1, i + 2));
  EXPECT_EQ(host_copy(i, 3), (std::vector<int>{kBlocks, kBlocks - 1, 1 - kBlocks}));
  EXPECT_EQ(host_copy(u, 1)[0], 2u * kBlocks);
  EXPECT_EQ(host_copy(ull, 1)[0], (1ull << 40) + 3ull * kBlocks);
  EXPECT_EQ(host_copy(f, 1)[0], static_cast<float>(kBlocks));
  EXPECT_EQ(host_copy(d, 1)[0], 0.5 * kBlocks);
}

TEST_F(RuntimeLaunch, AtomicIncWrapsSoThatOneBlockIsLast) {
  unsigned* counters = device_array<unsigned>({0, 0});
  for (unsigned launches = 1; launches <= 3; ++launches) {
    ASSERT_CUDA(launch(last_block, 1000, 1, 0, nullptr, counters, counters + 1));
    EXPECT_EQ(host_copy(counters, 2), (std::vector<unsigned>{0, launches}));
  }
}

TEST_F(RuntimeLaunch, OpensNoParallelRegionForOneBlockOrInsideAnother) {
  int* depth = device_array<int>({-1});
  ASSERT_CUDA(launch(region_depth, 1, 1, 0, nullptr, depth));
  EXPECT_EQ(host_copy(depth, 1)[0], 0);
  std::atomic<int> failures{0};
#pragma omp parallel num_threads(2)
  {
    if (launch(region_depth, 4, 1, 0, nullptr, depth) != cudaSuccess || host_copy(depth, 1)[0] != 1) ++failures;
  }
  EXPECT_EQ(failures, 0);
}

TEST_F(RuntimeLaunch, UnknownLaunchAttributesAreRefused) {
  cudaLaunchAttribute attribute{};
  cudaLaunchConfig_t config{};
  config.gridDim = config.blockDim = 1;
  config.attrs = &attribute;
  config.numAttrs = 1;
  attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  EXPECT_CUDA(cudaLaunchKernelEx(&config, empty_kernel));
  attribute.id = static_cast<cudaLaunchAttributeID>(4);  // the size of clusters
  EXPECT_EQ(cudaLaunchKernelEx(&config, empty_kernel), cudaErrorNotSupported);
}

TEST_F(RuntimeLaunch, Occupancy) {
  int blocks = 0;
  EXPECT_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, empty_kernel, 1, 0));
  EXPECT_EQ(blocks, 1);
  EXPECT_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, empty_kernel, 256, 0));
  EXPECT_EQ(blocks, 8);
  EXPECT_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, empty_kernel, 256, 100 << 10));
  EXPECT_EQ(blocks, 2);
  EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, empty_kernel, 0, 0), cudaErrorInvalidValue);
}

}  // namespace
