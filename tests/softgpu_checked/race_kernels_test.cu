#include <cooperative_groups.h>
#include <cuda_bf16.h>

#include "kernel_fixture.h"

namespace {

using RaceCheck = CheckedKernel;

// Each constant is the number of a line that a finding must name, which follows the constant.

constexpr int kMissingBarrier = __LINE__ + 5;
template <bool kBarrier>
__global__ void reverse(int* data) {
  __shared__ int tile[256];
  const int i = static_cast<int>(threadIdx.x);
  tile[i] = data[i];
  if (kBarrier) __syncthreads();
  data[i] = tile[blockDim.x - 1 - i];
}

TEST_F(RaceCheck, MissingBarrier) {
  launch({1, 256}, reverse<true>, data);
  expect_clean();
  launch({1, 256}, reverse<false>, data);
  expect_only("race-shared", {kMissingBarrier, kMissingBarrier + 2});
}

constexpr int kReduction = __LINE__ + 3;
template <bool kBarrier>
__device__ int block_sum(int value, int* buffer) {
  buffer[threadIdx.x] = value;
  __syncthreads();
  int sum = 0;
  for (unsigned i = 0; i < blockDim.x; ++i) sum += buffer[i];
  if (kBarrier) __syncthreads();
  return sum;
}

template <bool kBarrier>
__global__ void two_sums(int* data) {
  __shared__ int buffer[128];
  const int first = block_sum<kBarrier>(data[threadIdx.x], buffer);
  const int second = block_sum<kBarrier>(first, buffer);
  data[threadIdx.x] = second;
}

TEST_F(RaceCheck, ASecondReductionInTheSameBuffer) {
  launch({2, 128}, two_sums<true>, data);
  EXPECT_FALSE(findings().empty());  // the blocks write the same elements
  launch({1, 128}, two_sums<true>, data);
  expect_clean();
  launch({1, 128}, two_sums<false>, data);
  expect_only("race-shared", {kReduction, kReduction + 3});
}

constexpr int kMissingSyncwarp = __LINE__ + 5;
template <bool kSync>
__global__ void warp_exchange(int* data) {
  __shared__ int tile[64];
  const unsigned i = threadIdx.x;
  tile[i] = data[i];
  if (kSync) __syncwarp();
  data[i] = tile[i ^ 1];
}

TEST_F(RaceCheck, MissingSyncwarp) {
  launch({1, 64}, warp_exchange<true>, data);
  expect_clean();
  launch({1, 64}, warp_exchange<false>, data);
  expect_only("race-shared", {kMissingSyncwarp, kMissingSyncwarp + 2});
}

template <bool kDynamic>
__global__ void last_thread(int* data) {
  __shared__ int fixed[1024];
  int* const tile = kDynamic ? static_cast<int*>(softgpu::dynamic_shared_memory()) : fixed;
  if (threadIdx.x == 1023) tile[0] = 1;
  if (threadIdx.x == 0) tile[0] = 2;
  __syncthreads();
  data[threadIdx.x] = tile[0];
}

TEST_F(RaceCheck, ThreadsFarApart) {
  for (const bool dynamic : {false, true}) {
    launch({1, 1024, dynamic ? sizeof(int) : 0}, dynamic ? last_thread<true> : last_thread<false>, data);
    const auto found = findings();
    ASSERT_EQ(found.size(), 1u) << text(found);
    EXPECT_EQ(found[0]["kind"], "race-shared");
    const auto& parties = found[0]["parties"];
    EXPECT_EQ(parties[0]["thread"][0].get<int>() + parties[1]["thread"][0].get<int>(), 1023);
  }
}

constexpr int kOverlap = __LINE__ + 4;
__global__ void shifted(int* data) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  const int value = i == 0 ? 0 : data[kInts / 2 + i - 1];
  data[kInts / 2 + i] = value;
}

TEST_F(RaceCheck, BetweenBlocks) {
  constexpr unsigned kBlocks = 1000;
  launch({kBlocks, 1}, shifted, data);
  expect_only("race-between-blocks", {kOverlap - 1, kOverlap});
  launch({1, 1}, shifted, data);
  expect_clean();
}

constexpr int kLastBlock = __LINE__ + 3;
template <bool kFence>
__global__ void sum_by_last_block(int* data, int* partial, unsigned* done) {
  if (threadIdx.x == 0) partial[blockIdx.x] = data[blockIdx.x];
  __shared__ bool last;
  if (threadIdx.x == 0) {
    if (kFence) __threadfence();
    last = atomicInc(done, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last) return;
  int sum = 0;
  for (unsigned i = threadIdx.x; i < gridDim.x; i += blockDim.x) sum += partial[i];
  data[threadIdx.x] = sum;
}

TEST_F(RaceCheck, TheLastBlockPattern) {
  int* const partial = data + 8192;
  auto* const done = reinterpret_cast<unsigned*>(data + 16384);
  launch({500, 64}, sum_by_last_block<true>, data, partial, done);
  expect_clean();
  launch({500, 64}, sum_by_last_block<false>, data, partial, done);
  bool unfenced = false;
  for (const auto& finding : findings()) unfenced = unfenced || finding["parties"][0]["line"] == kLastBlock;
  EXPECT_TRUE(unfenced);
}

constexpr int kHistogram = __LINE__ + 7;
template <bool kAtomic>
__global__ void histogram(int* counts) {
  const unsigned bin = threadIdx.x % 7;
  if (kAtomic) {
    atomicAdd(&counts[bin], 1);
  } else {
    counts[bin] += 1;
  }
}

TEST_F(RaceCheck, Histograms) {
  launch({64, 256}, histogram<true>, data);
  expect_clean();
  int count = 0;
  ASSERT_EQ(cudaMemcpy(&count, data, sizeof(int), cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(count, 64 * 37);
  launch({1, 256}, histogram<false>, data);
  const auto found = findings();
  EXPECT_FALSE(found.empty());
  for (const auto& finding : found) {
    EXPECT_EQ(finding["kind"], "race-global");
    for (const auto& party : finding["parties"]) EXPECT_EQ(party["line"], kHistogram);
  }
}

__global__ void reduce_atomically(float* sum, double* wide, const int* data) {
  atomicAdd(sum, static_cast<float>(data[threadIdx.x]));
  atomicAdd(wide, 1.0);
  atomicMax(reinterpret_cast<int*>(wide + 1), static_cast<int>(threadIdx.x));
  atomicCAS(reinterpret_cast<unsigned*>(wide + 2), threadIdx.x, threadIdx.x + 1);
}

TEST_F(RaceCheck, AtomicsOfManyTypes) {
  launch({8, 128}, reduce_atomically, reinterpret_cast<float*>(data + 1000), reinterpret_cast<double*>(data + 1002),
         data);
  expect_clean();
  struct {
    double sum;
    int largest, pad;
    unsigned next;
  } result;
  ASSERT_EQ(cudaMemcpy(&result, data + 1002, 20, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(result.sum, 8 * 128);
  EXPECT_EQ(result.largest, 127);
  EXPECT_GE(result.next, 1u);
}

template <class T>
__global__ void neighbours(T* values) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  T value = values[i];
  __syncthreads();
  values[i] = value;
}

TEST_F(RaceCheck, NeighboursOfEverySize) {
  launch({4, 256}, neighbours<unsigned char>, reinterpret_cast<unsigned char*>(data));
  launch({4, 256}, neighbours<__nv_bfloat16>, reinterpret_cast<__nv_bfloat16*>(data + 4096));
  launch({4, 256}, neighbours<double>, reinterpret_cast<double*>(data + 8192));
  launch({4, 256}, neighbours<float4>, reinterpret_cast<float4*>(data + 16384));
  launch({4, 256}, neighbours<float3>, reinterpret_cast<float3*>(data + 32768));
  expect_clean();
}

constexpr int kWide = __LINE__ + 3;
__global__ void wide_against_narrow(int* data) {
  if (threadIdx.x == 0) {
    *reinterpret_cast<int4*>(data) = make_int4(1, 2, 3, 4);
  } else {
    data[3] = 7;
  }
}

TEST_F(RaceCheck, AFloat4MeetsOneOfItsElements) {
  launch({1, 2}, wide_against_narrow, data);
  expect_only("race-global", {kWide, kWide + 2});
}

constexpr int kGridSync = __LINE__ + 6;
template <bool kSync>
__global__ void exchange_between_blocks(int* data) {
  __shared__ int tile[64];
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  tile[threadIdx.x] = static_cast<int>(i);
  data[i] = static_cast<int>(i);
  if (kSync) cooperative_groups::this_grid().sync();
  const int other = data[(i + blockDim.x) % (gridDim.x * blockDim.x)];
  data[4096 + i] = other + tile[threadIdx.x];
}

TEST_F(RaceCheck, GridSync) {
  cudaLaunchAttribute cooperative{};
  cooperative.id = cudaLaunchAttributeCooperative;
  cooperative.val.cooperative = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = 4;
  config.blockDim = 64;
  config.attrs = &cooperative;
  config.numAttrs = 1;
  ASSERT_EQ(cudaLaunchKernelEx(&config, exchange_between_blocks<true>, data), cudaSuccess);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  expect_clean();
  ASSERT_EQ(cudaLaunchKernelEx(&config, exchange_between_blocks<false>, data), cudaSuccess);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  expect_only("race-between-blocks", {kGridSync, kGridSync + 2});
}

__device__ int counter;

template <bool kAtomic>
__global__ void count_blocks() {
  if (threadIdx.x != 0) return;
  if (kAtomic) {
    atomicAdd(&counter, 1);
  } else {
    ++counter;
  }
}

TEST_F(RaceCheck, DeviceVariables) {
  launch({16, 32}, count_blocks<true>);
  expect_clean();
  launch({16, 32}, count_blocks<false>);
  const auto found = findings();
  EXPECT_FALSE(found.empty());
  for (const auto& finding : found) EXPECT_EQ(finding["kind"], "race-device-variable");
  EXPECT_GE(counter, 16);
}

__global__ void add_one(int* data) { data[blockIdx.x * blockDim.x + threadIdx.x] += 1; }

TEST_F(RaceCheck, TwoStreams) {
  cudaStream_t a, b;
  cudaEvent_t event;
  ASSERT_EQ(cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaEventCreate(&event), cudaSuccess);
  const auto start = [&](cudaStream_t stream) {
    cudaLaunchConfig_t config{};
    config.gridDim = 4;
    config.blockDim = 64;
    config.stream = stream;
    ASSERT_EQ(cudaLaunchKernelEx(&config, add_one, data), cudaSuccess);
  };
  start(a);
  EXPECT_EQ(cudaEventRecord(event, a), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(b, event, 0), cudaSuccess);
  start(b);
  EXPECT_EQ(cudaStreamSynchronize(b), cudaSuccess);
  expect_clean();
  start(a);
  EXPECT_EQ(cudaStreamSynchronize(a), cudaSuccess);
  start(b);
  expect_clean();
  start(a);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  const auto found = findings();
  ASSERT_FALSE(found.empty());
  for (const auto& finding : found) EXPECT_EQ(finding["kind"], "race-between-streams");
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(a), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(b), cudaSuccess);
}

}  // namespace
