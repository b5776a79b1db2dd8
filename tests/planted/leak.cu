// Scratch memory is never freed.
// ptxrun: cannot see: it does not check for allocations that are left at exit
#include <lab.h>

__global__ void negate(const int* in, int* out) { out[threadIdx.x] = -in[threadIdx.x]; }

LAB_TEST(defect) {
  lab::Array<int> data = lab::iota<int>(64);
  int* scratch = nullptr;
  cudaMalloc(&scratch, 64 * sizeof(int));  // PLANTED memcheck leak
  negate<<<1, 64>>>(data, scratch);
  negate<<<1, 64>>>(scratch, data);
  lab::expect(data, [](size_t i) { return int(i); });
}

LAB_TEST(mended) {
  lab::Array<int> data = lab::iota<int>(64);
  int* scratch = nullptr;
  cudaMalloc(&scratch, 64 * sizeof(int));
  negate<<<1, 64>>>(data, scratch);
  negate<<<1, 64>>>(scratch, data);
  lab::expect(data, [](size_t i) { return int(i); });
  cudaFree(scratch);
}
