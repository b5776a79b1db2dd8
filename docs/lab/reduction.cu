// Centres 256 numbers and scales them to variance 1: two sums over a block, which share a buffer.
#include <lab.h>

template <bool kMended>
__device__ float block_sum(float value) {
  __shared__ float warps[8];
  for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffff, value, step);
  if (kMended) __syncthreads();  // the sums of the last call have been read
  if (threadIdx.x % 32 == 0) {
    warps[threadIdx.x / 32] = value;
  }
  __syncthreads();
  float sum = 0;
  for (const float warp : warps) sum += warp;
  return sum;
}

template <bool kMended>
__global__ void standardise(float* data) {
  const float centred = data[threadIdx.x] - block_sum<kMended>(data[threadIdx.x]) / 256;
  data[threadIdx.x] = centred * rsqrtf(block_sum<kMended>(centred * centred) / 256);
}

std::vector<float> expected(const std::vector<float>& values) {
  double mean = 0, variance = 0;
  for (const float value : values) mean += value / 256;
  for (const float value : values) variance += (value - mean) * (value - mean) / 256;
  std::vector<float> result;
  for (const float value : values) result.push_back(float((value - mean) / std::sqrt(variance)));
  return result;
}

LAB_TEST(broken) {
  const std::vector<float> values = lab::random_values<float>(256);
  lab::Array<float> data = values;
  standardise<false><<<1, 256>>>(data);
  lab::expect(data, expected(values), 1e-5);
}

LAB_TEST(mended) {
  const std::vector<float> values = lab::random_values<float>(256);
  lab::Array<float> data = values;
  standardise<true><<<1, 256>>>(data);
  lab::expect(data, expected(values), 1e-5);
}
