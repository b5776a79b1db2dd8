// Counts how often each of 16 values occurs.
#include <lab.h>

template <bool kMended>
__global__ void histogram(const int* data, int n, int* counts) {
  __shared__ int bins[16];
  if (threadIdx.x < 16) bins[threadIdx.x] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    if (kMended)
      atomicAdd(&bins[data[i]], 1);
    else
      bins[data[i]]++;
  }
  __syncthreads();
  if (threadIdx.x < 16) atomicAdd(&counts[threadIdx.x], bins[threadIdx.x]);
}

template <bool kMended>
void count() {
  const std::vector<int> values = lab::random_values<int>(1000, 1, 0, 16);
  std::vector<int> expected(16);
  for (const int value : values) ++expected[size_t(value)];
  lab::Array<int> data = values, counts = lab::zeros<int>(16);
  histogram<kMended><<<2, 128>>>(data, 1000, counts);
  lab::expect(counts, expected);
}

LAB_TEST(broken) { count<false>(); }

LAB_TEST(mended) { count<true>(); }
