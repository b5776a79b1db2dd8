// Tests of cp.async and the pipeline primitives.
#include <cuda_pipeline.h>

#include "misuse.h"

namespace {

using AsyncCopies = RuntimeTest;

constexpr int kOld = -1;

/// Starts two groups of one copy each, waits for all but `prior` groups, and stores what has arrived.
__global__ void two_groups(const int* in, int* out, int prior, bool wait) {
  __shared__ int buffer[64][3];
  int* const mine = buffer[threadIdx.x];
  for (int i = 0; i < 3; ++i) mine[i] = kOld;
  const int t = int(threadIdx.x);
  __pipeline_memcpy_async(&mine[0], &in[3 * t], 4);
  __pipeline_commit();
  __pipeline_memcpy_async(&mine[1], &in[3 * t + 1], 4);
  __pipeline_commit();
  __pipeline_memcpy_async(&mine[2], &in[3 * t + 2], 4);  // belongs to no group yet
  if (wait) __pipeline_wait_prior(prior);
  for (int i = 0; i < 3; ++i) out[3 * t + i] = mine[i];
}

std::vector<int> numbers(int n) {
  std::vector<int> values(n);
  for (int i = 0; i < n; ++i) values[i] = i + 1;
  return values;
}

TEST_F(AsyncCopies, ArriveWhereTheyAreWaitedForAndNotBefore) {
  const std::vector<int> in = numbers(3 * 64);
  const int* const device_in = device_array(in);
  for (int arrived = 0; arrived <= 2; ++arrived) {  // prior = 2 waits for neither group, 0 for both
    for (const bool wait : {false, true}) {
      int* const out = device_array(std::vector<int>(3 * 64));
      ASSERT_CUDA(launch(two_groups, 1, 64, 0, nullptr, device_in, out, 2 - arrived, wait));
      ASSERT_CUDA(cudaDeviceSynchronize());
      const std::vector<int> got = host_copy(out, 3 * 64);
      for (int i = 0; i < 3 * 64; ++i) ASSERT_EQ(got[i], wait && i % 3 < arrived ? in[i] : kOld) << arrived << " " << i;
    }
  }
}

__global__ void abandon_then_wait(const int* in, int* out, bool abandon) {
  __shared__ int value;
  value = kOld;
  if (abandon) __pipeline_memcpy_async(&value, in, 4);
  __pipeline_commit();
  if (!abandon) __pipeline_wait_prior(0);
  out[blockIdx.x] = value;
}

TEST_F(AsyncCopies, EndWithTheirKernel) {
  const int* const in = device_array(std::vector<int>{5});
  int* const out = device_array(std::vector<int>(50));
  for (const bool abandon : {true, false}) {
    ASSERT_CUDA(launch(abandon_then_wait, 50, 1, 0, nullptr, in, out, abandon));
    ASSERT_CUDA(cudaDeviceSynchronize());
    EXPECT_EQ(host_copy(out, 50), std::vector<int>(50, kOld));
  }
}

__global__ void one_of_four(const int* in, int* out) {
  __shared__ __align__(16) int value[4];
  __pipeline_memcpy_async(value, in, 16, 12);
  __pipeline_commit();
  __pipeline_wait_prior(0);
  for (int i = 0; i < 4; ++i) out[i] = value[i];
}

TEST_F(AsyncCopies, FillWithZeros) {
  int* const out = device_array(std::vector<int>(4, 9));
  ASSERT_CUDA(launch(one_of_four, 1, 1, 0, nullptr, device_array(numbers(4)), out));
  ASSERT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(host_copy(out, 4), (std::vector<int>{1, 0, 0, 0}));
}

__global__ void misaligned(const int* in, int* out) {
  __shared__ __align__(16) int buffer[8];
  __pipeline_memcpy_async(&buffer[1], in, 16);
  __pipeline_wait_prior(0);
  *out = buffer[1];
}

TEST_F(AsyncCopies, MisalignedAddressesFailTheLaunch) {
  const int* const in = device_array(numbers(4));
  int* const out = device_array(std::vector<int>{0});
  const std::string text = what_is_said_of_misuse(misaligned, 32, in, out);
  EXPECT_NE(text.find("not a multiple of the size"), std::string::npos) << text;
  EXPECT_NE(text.find("cp_async_test.cpp:"), std::string::npos) << text;
}

}  // namespace
