// Adds up 1024 numbers in one launch: every block leaves its sum, and the block that is done last adds those up.
#include <lab.h>

__device__ float sum_of_block(float value) {
  __shared__ float buffer[128];
  buffer[threadIdx.x] = value;
  for (unsigned half = 64; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) buffer[threadIdx.x] += buffer[threadIdx.x + half];
  }
  __syncthreads();
  return buffer[0];
}

template <bool kMended>
__global__ void sum(const float* data, float* partial, unsigned* done, float* result) {
  __shared__ bool last;
  const float sum = sum_of_block(data[blockIdx.x * blockDim.x + threadIdx.x]);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
    if (kMended) __threadfence();  // the sum is seen before the ticket
    last = atomicAdd(done, 1u) == gridDim.x - 1;
    if (kMended) __threadfence();  // the tickets are seen before the sums
  }
  __syncthreads();
  if (!last || threadIdx.x != 0) return;
  float all = 0;
  for (unsigned block = 0; block < gridDim.x; ++block) {
    all += partial[block];
  }
  *result = all;
}

template <bool kMended>
void run() {
  lab::Array<float> data = lab::iota<float>(1024), partial(8), result(1);
  lab::Array<unsigned> done = lab::zeros<unsigned>(1);
  sum<kMended><<<8, 128>>>(data, partial, done, result);
  lab::expect(result, std::vector<float>{523776});
}

LAB_TEST(broken) { run<false>(); }

LAB_TEST(mended) { run<true>(); }
