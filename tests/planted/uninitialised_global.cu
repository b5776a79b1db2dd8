// Sums are added to memory that was never set to zero.
// ptxrun: sees
#include <lab.h>

__global__ void accumulate(const float* in, float* sums) {
  sums[threadIdx.x] += in[threadIdx.x];  // PLANTED initcheck uninitialised-global
}

LAB_TEST(defect) {
  lab::Array<float> in = lab::iota<float>(64), sums(64);
  accumulate<<<1, 64>>>(in, sums);
  lab::expect(sums, [](size_t i) { return float(i); });
}

LAB_TEST(mended) {
  lab::Array<float> in = lab::iota<float>(64), sums(64);
  cudaMemset(sums, 0, sums.bytes());
  accumulate<<<1, 64>>>(in, sums);
  lab::expect(sums, [](size_t i) { return float(i); });
}
