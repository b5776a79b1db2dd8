// Reverses 256 numbers in place. A tile in shared memory holds them meanwhile.
#include <lab.h>

__global__ void reverse(int* data) {
  __shared__ int tile[256];
  const unsigned i = threadIdx.x;
  tile[i] = data[i];
  data[i] = tile[255 - i];
}

__global__ void reverse_mended(int* data) {
  __shared__ int tile[256];
  const unsigned i = threadIdx.x;
  tile[i] = data[i];
  __syncthreads();
  data[i] = tile[255 - i];
}

LAB_TEST(broken) {
  lab::Array<int> data = lab::iota<int>(256);
  reverse<<<1, 256>>>(data);
  lab::expect(data, [](size_t i) { return 255 - int(i); });
}

LAB_TEST(mended) {
  lab::Array<int> data = lab::iota<int>(256);
  reverse_mended<<<1, 256>>>(data);
  lab::expect(data, [](size_t i) { return 255 - int(i); });
}
