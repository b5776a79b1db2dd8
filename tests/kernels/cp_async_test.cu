// cp.async: what arrives, and in a pipeline.
#include "in_threads.h"
#include "kernels/device/cp_async.cuh"

namespace cucurbit {
namespace {

using AsyncCopy = InThreads;

/// Every thread copies its 16 bytes in pieces of kBytes, `source_bytes` of each from memory.
template <int kBytes>
__global__ void copy_kernel(const char* in, char* out, int source_bytes) {
  alignas(16) __shared__ char buffer[64 * 16];
  for (int i = 0; i < 16; ++i) buffer[16 * threadIdx.x + i] = 99;
  for (int piece = 0; piece < 16; piece += kBytes) {
    const int at = 16 * threadIdx.x + piece;
    if constexpr (kBytes == 16) cp_async_16(buffer + at, in + at, source_bytes);
    if constexpr (kBytes == 8) cp_async_8(buffer + at, in + at, source_bytes);
    if constexpr (kBytes == 4) cp_async_4(buffer + at, in + at, source_bytes);
  }
  cp_async_wait_all();
  __syncthreads();
  const int other = 63 - threadIdx.x;  // what another thread copied
  for (int i = 0; i < 16; ++i) out[16 * other + i] = buffer[16 * other + i];
}

template <int kBytes>
void expect_copies() {
  std::vector<char> in(64 * 16);
  for (size_t i = 0; i < in.size(); ++i) in[i] = char(i * 7 + i / 256);
  const DeviceArray<char> device_in(in);
  for (int source_bytes = 0; source_bytes <= kBytes; ++source_bytes) {
    const DeviceArray<char> out(std::vector<char>(in.size(), 77));
    run(copy_kernel<kBytes>, 1, 64, device_in.get(), out.get(), source_bytes);
    const std::vector<char> got = out.host();
    for (size_t i = 0; i < in.size(); ++i)
      ASSERT_EQ(int(got[i]), int(i) % kBytes < source_bytes ? int(in[i]) : 0) << source_bytes << " " << i;
  }
}

TEST_F(AsyncCopy, FillWithZeros) {
  expect_copies<16>();
  expect_copies<8>();
  expect_copies<4>();
}

/// Sums `stages` vectors of four floats a thread through a ring of kDepth buffers.
template <int kDepth>
__global__ void ring_kernel(const float* in, float* out, int stages) {
  alignas(16) __shared__ float ring[kDepth][32 * 4];
  const int at = 4 * threadIdx.x;
  const auto start = [&](int stage) {
    if (stage < stages) cp_async_16(&ring[stage % kDepth][at], in + stage * 128 + at);
    cp_async_commit();  // an empty group at the end
  };
  for (int stage = 0; stage < kDepth - 1; ++stage) start(stage);
  float sum = 0;
  for (int stage = 0; stage < stages; ++stage) {
    cp_async_wait_group<kDepth - 2>();
    for (int i = 0; i < 4; ++i) sum += ring[stage % kDepth][at + i];
    start(stage + kDepth - 1);
  }
  out[threadIdx.x] = sum;
}

TEST_F(AsyncCopy, InAPipeline) {
  constexpr int kStages = 100;
  std::vector<float> in(kStages * 128);
  for (size_t i = 0; i < in.size(); ++i) in[i] = float(i % 61);
  const DeviceArray<float> device_in(in), two(std::vector<float>(32)), four(std::vector<float>(32));
  run(ring_kernel<2>, 1, 32, device_in.get(), two.get(), kStages);
  run(ring_kernel<4>, 1, 32, device_in.get(), four.get(), kStages);
  for (int lane = 0; lane < 32; ++lane) {
    float want = 0;
    for (int stage = 0; stage < kStages; ++stage)
      for (int i = 0; i < 4; ++i) want += in[stage * 128 + 4 * lane + i];
    ASSERT_EQ(two.host()[lane], want);
    ASSERT_EQ(four.host()[lane], want);
  }
}

}  // namespace
}  // namespace cucurbit
