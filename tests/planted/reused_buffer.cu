// A second reduction fills the shared buffer while slow threads still read the result of the first.
// ptxrun: sees
#include <lab.h>

template <bool kMended>
__device__ int block_sum(int value, int* buffer) {
  if (kMended) __syncthreads();
  buffer[threadIdx.x] = value;  // PLANTED racecheck race-shared
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) buffer[threadIdx.x] += buffer[threadIdx.x + half];
  }
  __syncthreads();
  return buffer[0];
}

template <bool kMended>
__global__ void sum_and_sum_of_squares(const int* data, int* sums) {
  __shared__ int buffer[128];
  const int value = data[threadIdx.x];
  const int sum = block_sum<kMended>(value, buffer);
  const int squares = block_sum<kMended>(value * value, buffer);
  if (threadIdx.x == 0) {
    sums[0] = sum;
    sums[1] = squares;
  }
}

LAB_TEST(defect) {
  lab::Array<int> data = lab::iota<int>(128), sums(2);
  sum_and_sum_of_squares<false><<<1, 128>>>(data, sums);
  lab::expect(sums, std::vector<int>{8128, 690880});
}

LAB_TEST(mended) {
  lab::Array<int> data = lab::iota<int>(128), sums(2);
  sum_and_sum_of_squares<true><<<1, 128>>>(data, sums);
  lab::expect(sums, std::vector<int>{8128, 690880});
}
