// Tests of initcheck on kernels.
#include "kernel_fixture.h"

namespace {

class InitCheck : public CheckedKernel {
 protected:
  void SetUp() override {
    CheckedKernel::SetUp();
    ASSERT_EQ(cudaMalloc(&fresh, kInts * sizeof(int)), cudaSuccess);
  }
  void TearDown() override {
    EXPECT_EQ(cudaFree(fresh), cudaSuccess);
    CheckedKernel::TearDown();
  }

  int* fresh = nullptr;
};

constexpr int kGlobalRead = __LINE__ + 3;
template <int>
__global__ void copy(int* to, const int* from) {
  to[blockIdx.x * blockDim.x + threadIdx.x] = from[blockIdx.x * blockDim.x + threadIdx.x];
}

TEST_F(InitCheck, GlobalMemory) {
  launch({4, 64}, copy<0>, data, fresh);
  expect_only("uninitialised-global", {kGlobalRead});
  ASSERT_EQ(cudaMemset(fresh, 0, 256 * sizeof(int)), cudaSuccess);
  launch({4, 64}, copy<1>, data, fresh);
  expect_clean();
  launch({5, 64}, copy<2>, data, fresh);
  expect_only("uninitialised-global", {kGlobalRead});
}

TEST_F(InitCheck, WhatAKernelWroteIsDefined) {
  launch({4, 64}, copy<3>, fresh, data);
  launch({4, 64}, copy<4>, data, fresh);
  expect_clean();
}

TEST_F(InitCheck, CopiesCarryOver) {
  int* second = nullptr;
  ASSERT_EQ(cudaMalloc(&second, kInts * sizeof(int)), cudaSuccess);
  launch({4, 64}, copy<5>, fresh, data);
  ASSERT_EQ(cudaMemcpy(second, fresh, kInts * sizeof(int), cudaMemcpyDeviceToDevice), cudaSuccess);
  launch({4, 64}, copy<6>, data, second);
  expect_clean();
  launch({5, 64}, copy<7>, data, second);
  expect_only("uninitialised-global", {kGlobalRead});
  EXPECT_EQ(cudaFree(second), cudaSuccess);
}

TEST_F(InitCheck, CopiesToTheHostRead) {
  std::vector<int> host(256);
  ASSERT_EQ(cudaMemcpy(host.data(), data, 1024, cudaMemcpyDeviceToHost), cudaSuccess);
  expect_clean();
  ASSERT_EQ(cudaMemcpy(host.data(), fresh, 1024, cudaMemcpyDeviceToHost), cudaSuccess);
  const auto found = findings();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]["kind"], "uninitialised-global");
}

constexpr int kSharedRead = __LINE__ + 6;
template <bool kWrite, bool kDynamic>
__global__ void through_shared(int* data) {
  __shared__ int fixed[128];
  int* const tile = kDynamic ? static_cast<int*>(softgpu::dynamic_shared_memory()) : fixed;
  if (kWrite || threadIdx.x + 1 < blockDim.x) tile[threadIdx.x] = data[threadIdx.x];
  data[blockDim.x * blockIdx.x + threadIdx.x] = tile[threadIdx.x];
}

TEST_F(InitCheck, SharedMemory) {
  launch({1, 128}, through_shared<true, false>, data);
  launch({1, 128, 512}, through_shared<true, true>, data);
  expect_clean();
  launch({1, 128}, through_shared<false, false>, data);
  expect_only("uninitialised-shared", {kSharedRead});
  launch({1, 128, 512}, through_shared<false, true>, data);
  expect_only("uninitialised-shared", {kSharedRead});
}

__global__ void built_ins(int* data) {
  __shared__ int total;
  if (threadIdx.x == 0) total = static_cast<int>(blockDim.x * gridDim.x + blockIdx.x);
  __syncthreads();
  data[blockIdx.x * blockDim.x + threadIdx.x] = total;
}

TEST_F(InitCheck, BuiltInVariablesAreDefined) {
  launch({8, 64}, built_ins, data);
  expect_clean();
}

}  // namespace
