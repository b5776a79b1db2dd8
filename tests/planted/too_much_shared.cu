// A kernel needs 64 KiB of dynamic shared memory, but the limit was not raised from the default of 48 KiB.
// ptxrun: sees
#include <lab.h>

__global__ void reverse(int* data, int n) {
  extern __shared__ int buffer[];
  for (int i = threadIdx.x; i < n; i += blockDim.x) buffer[i] = data[i];
  __syncthreads();
  for (int i = threadIdx.x; i < n; i += blockDim.x) data[i] = buffer[n - 1 - i];
}

constexpr int kNumbers = 16 << 10;

LAB_TEST(defect) {
  lab::Array<int> data = lab::iota<int>(kNumbers);
  reverse<<<1, 128, kNumbers * sizeof(int)>>>(data, kNumbers);  // PLANTED launch shared-size
  lab::expect(data, [](size_t i) { return kNumbers - 1 - int(i); });
}

LAB_TEST(mended) {
  lab::Array<int> data = lab::iota<int>(kNumbers);
  cudaFuncSetAttribute(reverse, cudaFuncAttributeMaxDynamicSharedMemorySize, kNumbers * sizeof(int));
  reverse<<<1, 128, kNumbers * sizeof(int)>>>(data, kNumbers);
  lab::expect(data, [](size_t i) { return kNumbers - 1 - int(i); });
}
