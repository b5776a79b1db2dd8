// Threads without an element return, and the others wait for them at the barrier.
// ptxrun: cannot see: it counts threads that have returned as arrived, as most GPUs do
#include <lab.h>

__global__ void shift(int* data, int n) {
  __shared__ int tile[128];
  const int i = threadIdx.x;
  if (i >= n) return;
  tile[i] = data[i];
  __syncthreads();  // PLANTED synccheck left-before-barrier
  data[i] = tile[(i + 1) % n];
}

__global__ void shift_mended(int* data, int n) {
  __shared__ int tile[128];
  const int i = threadIdx.x;
  if (i < n) tile[i] = data[i];
  __syncthreads();
  if (i < n) data[i] = tile[(i + 1) % n];
}

LAB_TEST(defect) {
  lab::Array<int> data = lab::iota<int>(128);
  shift<<<1, 128>>>(data, 100);
  lab::expect(data, [](size_t i) { return i < 100 ? int(i + 1) % 100 : int(i); });
}

LAB_TEST(mended) {
  lab::Array<int> data = lab::iota<int>(128);
  shift_mended<<<1, 128>>>(data, 100);
  lab::expect(data, [](size_t i) { return i < 100 ? int(i + 1) % 100 : int(i); });
}
