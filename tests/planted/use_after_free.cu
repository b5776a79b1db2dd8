// A kernel reads an array after it was freed.
// ptxrun: sees
#include <lab.h>

__global__ void copy(const int* in, int* out) {
  out[threadIdx.x] = in[threadIdx.x];  // PLANTED memcheck use-after-free
}

LAB_TEST(defect) {
  int* in = nullptr;
  lab::Array<int> out(64);
  cudaMalloc(&in, 64 * sizeof(int));
  cudaMemset(in, 0, 64 * sizeof(int));
  cudaFree(in);
  copy<<<1, 64>>>(in, out);
  lab::expect(out, [](size_t) { return 0; });
}

LAB_TEST(mended) {
  int* in = nullptr;
  lab::Array<int> out(64);
  cudaMalloc(&in, 64 * sizeof(int));
  cudaMemset(in, 0, 64 * sizeof(int));
  copy<<<1, 64>>>(in, out);
  lab::expect(out, [](size_t) { return 0; });
  cudaFree(in);
}
