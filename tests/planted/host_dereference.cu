// The host reads a result through the pointer that it gave to the kernel.
// ptxrun: sees
#include <lab.h>

__global__ void answer(int* result) { *result = 42; }

LAB_TEST(defect) {
  lab::Array<int> result(1);
  answer<<<1, 1>>>(result);
  cudaDeviceSynchronize();
  lab::expect(*result.data() == 42);  // PLANTED strict host-access
}

LAB_TEST(mended) {
  lab::Array<int> result(1);
  answer<<<1, 1>>>(result);
  int got = 0;
  cudaMemcpy(&got, result, sizeof(int), cudaMemcpyDeviceToHost);
  lab::expect(got == 42);
}
