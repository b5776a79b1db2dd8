// Only threads that have an element write to the buffer, but the whole buffer is summed.
// ptxrun: sees
#include <lab.h>

template <bool kMended>
__global__ void sum(const int* data, int n, int* result) {
  __shared__ int buffer[64];
  const int i = threadIdx.x;
  if (i < n) buffer[i] = data[i];
  if (kMended && i >= n) buffer[i] = 0;
  __syncthreads();
  for (int half = 32; half > 0; half /= 2) {
    if (i < half) buffer[i] += buffer[i + half];  // PLANTED initcheck uninitialised-shared
    __syncthreads();
  }
  if (i == 0) *result = buffer[0];
}

template <bool kMended>
void sum_first(int n, int expected) {
  lab::Array<int> data = lab::iota<int>(64), result(1);
  sum<kMended><<<1, 64>>>(data, n, result);
  lab::expect(result, std::vector<int>{expected});
}

LAB_TEST(defect) { sum_first<false>(50, 1225); }

LAB_TEST(mended) { sum_first<true>(50, 1225); }
