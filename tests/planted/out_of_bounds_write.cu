// The last block has more threads than there are elements left to write.
// ptxrun: sees
#include <lab.h>

__global__ void fill(float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i <= n) out[i] = 1;  // PLANTED memcheck out-of-bounds
}

__global__ void fill_mended(float* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = 1;
}

LAB_TEST(defect) {
  lab::Array<float> out(100);
  fill<<<4, 32>>>(out, 100);
  lab::expect(out, [](size_t) { return 1.0f; });
}

LAB_TEST(mended) {
  lab::Array<float> out(100);
  fill_mended<<<4, 32>>>(out, 100);
  lab::expect(out, [](size_t) { return 1.0f; });
}
