// Tests of allocations, copies, fills and the memory pool.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>

#include "../../softgpu/src/backing.h"
#include "runtime_support.h"

namespace {

using RuntimeMemory = RuntimeTest;

uint64_t pool_bytes(cudaMemPoolAttr attribute) {
  cudaMemPool_t pool = nullptr;
  uint64_t value = ~uint64_t{0};
  EXPECT_CUDA(cudaDeviceGetDefaultMemPool(&pool, 0));
  EXPECT_CUDA(cudaMemPoolGetAttribute(pool, attribute, &value));
  return value;
}

void set_release_threshold(uint64_t bytes) {
  cudaMemPool_t pool = nullptr;
  ASSERT_CUDA(cudaDeviceGetDefaultMemPool(&pool, 0));
  ASSERT_CUDA(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &bytes));
}

TEST_F(RuntimeMemory, MallocAlignsAndCounts) {
  size_t free_before = 0, free_after = 0, total = 0;
  ASSERT_CUDA(cudaMemGetInfo(&free_before, &total));
  EXPECT_EQ(free_before, total);
  for (const size_t bytes : {size_t{1}, size_t{1000}, size_t{5} << 20}) {
    char* pointer = nullptr;
    ASSERT_CUDA(cudaMalloc(&pointer, bytes));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(pointer) % 256, 0u);
    ASSERT_CUDA(cudaMemGetInfo(&free_after, &total));
    EXPECT_GE(free_before - free_after, bytes);
    ASSERT_CUDA(cudaFree(pointer));
  }
  ASSERT_CUDA(cudaMemGetInfo(&free_after, &total));
  EXPECT_EQ(free_after, free_before);
}

TEST_F(RuntimeMemory, NothingIsAllocatedForZeroBytes) {
  void* pointer = &pointer;
  EXPECT_CUDA(cudaMalloc(&pointer, 0));
  EXPECT_EQ(pointer, nullptr);
  EXPECT_CUDA(cudaFree(nullptr));
}

TEST_F(RuntimeMemory, MoreThanTheDeviceHasIsRefused) {
  size_t free_bytes = 0, total = 0;
  ASSERT_CUDA(cudaMemGetInfo(&free_bytes, &total));
  void* pointer = &pointer;
  EXPECT_EQ(cudaMalloc(&pointer, total + 1), cudaErrorMemoryAllocation);
  EXPECT_EQ(pointer, nullptr);
  EXPECT_EQ(cudaMalloc(&pointer, ~size_t{0}), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMallocAsync(&pointer, ~size_t{0}, nullptr), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_CUDA(cudaMalloc(&pointer, 16));  // not sticky
}

TEST_F(RuntimeMemory, WrongFreesAreRefused) {
  char* device = nullptr;
  char* host = nullptr;
  char stack = 0;
  ASSERT_CUDA(cudaMalloc(&device, 64));
  ASSERT_CUDA(cudaMallocHost(&host, 64));
  EXPECT_EQ(cudaFree(&stack), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(device + 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(host), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFreeHost(device), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFreeAsync(host, nullptr), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFree(device));
  EXPECT_EQ(cudaFree(device), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFreeHost(host));
  EXPECT_EQ(cudaFreeHost(host), cudaErrorInvalidValue);
  char* pooled = nullptr;
  ASSERT_CUDA(cudaMallocAsync(&pooled, 64, nullptr));
  EXPECT_CUDA(cudaFreeAsync(pooled, nullptr));
  EXPECT_EQ(cudaFreeAsync(pooled, nullptr), cudaErrorInvalidValue);
}

TEST_F(RuntimeMemory, NothingIsCachedExactlyWhereMemoryIsChecked) {
  EXPECT_EQ(softgpu::caches_memory(), !memory_is_checked());
}

TEST_F(RuntimeMemory, PoolReusesFreedBlocks) {
  if (memory_is_checked()) GTEST_SKIP() << "nothing is cached where memory is checked";
  set_release_threshold(~uint64_t{0});
  void *first = nullptr, *second = nullptr, *other = nullptr;
  ASSERT_CUDA(cudaMallocAsync(&first, 10000, nullptr));
  ASSERT_CUDA(cudaFreeAsync(first, nullptr));
  ASSERT_CUDA(cudaDeviceSynchronize());
  ASSERT_CUDA(cudaMallocAsync(&second, 10001, nullptr));  // same size class
  ASSERT_CUDA(cudaMallocAsync(&other, 10000, nullptr));
  EXPECT_EQ(first, second);
  EXPECT_NE(other, second);
  EXPECT_CUDA(cudaFreeAsync(other, nullptr));
  EXPECT_CUDA(cudaFree(second));  // the synchronous call frees pool memory too
  EXPECT_EQ(pool_bytes(cudaMemPoolAttrUsedMemCurrent), 0u);
  EXPECT_GE(pool_bytes(cudaMemPoolAttrReservedMemCurrent), 20000u);
  set_release_threshold(0);
}

TEST_F(RuntimeMemory, SynchronisingTrimsThePoolToItsThreshold) {
  if (memory_is_checked()) GTEST_SKIP() << "nothing is cached where memory is checked";
  std::vector<void*> blocks(8);
  set_release_threshold(3 << 20);
  for (void*& block : blocks) ASSERT_CUDA(cudaMallocAsync(&block, 1 << 20, nullptr));
  EXPECT_EQ(pool_bytes(cudaMemPoolAttrUsedMemCurrent), 8u << 20);
  for (void* block : blocks) ASSERT_CUDA(cudaFreeAsync(block, nullptr));
  EXPECT_EQ(pool_bytes(cudaMemPoolAttrReservedMemCurrent), 8u << 20);
  ASSERT_CUDA(cudaStreamSynchronize(nullptr));
  EXPECT_EQ(pool_bytes(cudaMemPoolAttrReservedMemCurrent), 3u << 20);
  cudaMemPool_t pool = nullptr;
  ASSERT_CUDA(cudaDeviceGetDefaultMemPool(&pool, 0));
  EXPECT_CUDA(cudaMemPoolTrimTo(pool, 1 << 20));
  EXPECT_EQ(pool_bytes(cudaMemPoolAttrReservedMemCurrent), 1u << 20);
  EXPECT_GE(pool_bytes(cudaMemPoolAttrUsedMemHigh), 8u << 20);
  uint64_t value = 5;
  EXPECT_EQ(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &value), cudaErrorInvalidValue);
  value = 0;
  EXPECT_CUDA(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &value));
  EXPECT_EQ(pool_bytes(cudaMemPoolAttrUsedMemHigh), 0u);
  set_release_threshold(0);
}

TEST_F(RuntimeMemory, CopiesAndFills) {
  std::vector<int> values(1000), back(1000, -1);
  std::iota(values.begin(), values.end(), 0);
  int* a = device_array(values);
  int* b = device_array(back);
  EXPECT_CUDA(cudaMemcpyAsync(b, a, 4000, cudaMemcpyDeviceToDevice));
  EXPECT_CUDA(cudaMemcpy(back.data(), b, 4000, cudaMemcpyDefault));
  EXPECT_EQ(back, values);
  EXPECT_CUDA(cudaMemset(a, 0xff, 400));
  EXPECT_CUDA(cudaMemsetAsync(a + 100, 0, 3600));
  back = host_copy(a, 1000);
  EXPECT_EQ(std::count(back.begin(), back.end(), -1), 100);
  EXPECT_EQ(std::count(back.begin(), back.end(), 0), 900);
  EXPECT_CUDA(cudaMemcpy(nullptr, nullptr, 0, cudaMemcpyDeviceToDevice));
}

TEST_F(RuntimeMemory, CopiesOfRowsRespectThePitches) {
  std::vector<char> source(4 * 10), target(3 * 8, 'x');
  std::iota(source.begin(), source.end(), 'a');
  char* device = device_array(source);
  ASSERT_CUDA(cudaMemcpy2D(target.data(), 8, device, 10, 5, 3, cudaMemcpyDeviceToHost));
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 8; ++column) {
      EXPECT_EQ(target[row * 8 + column], column < 5 ? 'a' + row * 10 + column : 'x');
    }
  }
  EXPECT_EQ(cudaMemcpy2D(target.data(), 8, device, 10, 9, 3, cudaMemcpyDeviceToHost), cudaErrorInvalidPitchValue);
  EXPECT_EQ(cudaMemcpy2D(target.data(), 8, device, 10, 8, 5, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
}

TEST_F(RuntimeMemory, CopiesAreChecked) {
  char host[64] = {};
  char* device = device_array(std::vector<char>(64));
  EXPECT_EQ(cudaMemcpy(device, host, 64, static_cast<cudaMemcpyKind>(9)), cudaErrorInvalidMemcpyDirection);
  EXPECT_EQ(cudaMemcpy(host, host, 64, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(device, device, 64, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(device, nullptr, 64, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(device, host, 65, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(device + 60, host, 5, cudaMemcpyDefault), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemset(host, 0, 64), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemset(device + 1, 0, 64), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaMemset(device + 1, 0, 63));
  ASSERT_CUDA(cudaFree(device));
  EXPECT_EQ(cudaMemcpy(device, host, 64, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
}

TEST_F(RuntimeMemory, PointersAreDescribed) {
  char *device = nullptr, *host = nullptr, *pooled = nullptr;
  ASSERT_CUDA(cudaMalloc(&device, 64));
  ASSERT_CUDA(cudaHostAlloc(&host, 64, cudaHostAllocDefault));
  ASSERT_CUDA(cudaMallocAsync(&pooled, 64, nullptr));
  const auto type_of = [](const void* pointer) {
    cudaPointerAttributes attributes{};
    EXPECT_CUDA(cudaPointerGetAttributes(&attributes, pointer));
    return attributes.type;
  };
  EXPECT_EQ(type_of(device + 63), cudaMemoryTypeDevice);
  EXPECT_EQ(type_of(device + 64), cudaMemoryTypeUnregistered);
  EXPECT_EQ(type_of(pooled), cudaMemoryTypeDevice);
  EXPECT_EQ(type_of(host), cudaMemoryTypeHost);
  EXPECT_EQ(type_of(&device), cudaMemoryTypeUnregistered);
  ASSERT_CUDA(cudaFreeAsync(pooled, nullptr));
  EXPECT_EQ(type_of(pooled), cudaMemoryTypeUnregistered);
  EXPECT_CUDA(cudaFreeHost(host));
}

/// Runs in a process of its own, because the variable is read only once.
[[noreturn]] void report_device_size(const char* setting) {
  setenv("SOFTGPU_MEMORY", setting, 1);
  size_t free_bytes = 0, total = 0;
  cudaMemGetInfo(&free_bytes, &total);
  void* pointer = nullptr;
  const cudaError_t fits = cudaMalloc(&pointer, total - total / 4);
  const cudaError_t full = cudaMalloc(&pointer, total / 2);
  std::fprintf(stderr, "total %zu fits %s full %s", total, cudaGetErrorName(fits), cudaGetErrorName(full));
  std::exit(0);
}

TEST(RuntimeMemoryDeathTest, EnvironmentSetsTheSizeOfTheDevice) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto passes = ::testing::ExitedWithCode(0);
  const char* outcome = "fits cudaSuccess full cudaErrorMemoryAllocation";
  EXPECT_EXIT(report_device_size("3M"), passes, std::string("total 3145728 ") + outcome);
  EXPECT_EXIT(report_device_size("70000"), passes, std::string("total 70000 ") + outcome);
  EXPECT_EXIT(report_device_size("lots"), passes, "SOFTGPU_MEMORY=lots is not a number of bytes");
}

TEST_F(RuntimeMemory, CacheGivesWayWhenTheDeviceIsFull) {
  if (memory_is_checked()) GTEST_SKIP() << "nothing is cached where memory is checked";
  set_release_threshold(~uint64_t{0});
  void* pointer = nullptr;
  ASSERT_CUDA(cudaMallocAsync(&pointer, 1 << 20, nullptr));
  ASSERT_CUDA(cudaFreeAsync(pointer, nullptr));
  size_t free_bytes = 0, total = 0;
  ASSERT_CUDA(cudaMemGetInfo(&free_bytes, &total));
  ASSERT_LT(free_bytes, total);
  // Allocating all memory requires that the cached block is released. The machine may still refuse so large a block.
  if (cudaMalloc(&pointer, total) == cudaSuccess) {
    ASSERT_CUDA(cudaFree(pointer));
  }
  EXPECT_EQ(pool_bytes(cudaMemPoolAttrReservedMemCurrent), 0u);
  set_release_threshold(0);
}

}  // namespace
