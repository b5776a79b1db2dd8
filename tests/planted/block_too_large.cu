// Launches blocks of 32 x 64 threads, twice as many as a GPU allows.
// ptxrun: sees
#include <lab.h>

__global__ void fill(int* data, int width) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  data[y * width + x] = 1;
}

LAB_TEST(defect) {
  lab::Array<int> data = lab::zeros<int>(32 * 64);
  fill<<<1, dim3(32, 64)>>>(data, 32);  // PLANTED launch block-size
  lab::expect(data, [](size_t) { return 1; });
}

LAB_TEST(mended) {
  lab::Array<int> data = lab::zeros<int>(32 * 64);
  fill<<<dim3(1, 2), dim3(32, 32)>>>(data, 32);
  lab::expect(data, [](size_t) { return 1; });
}
