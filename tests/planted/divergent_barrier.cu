// The barrier stands in a branch that only some threads take.
// ptxrun: cannot see: it counts arrivals without regard to the barrier
#include <lab.h>

__global__ void shift(int* data, int n) {
  __shared__ int tile[128];
  const int i = threadIdx.x;
  if (i < n) {
    tile[i] = data[i];
    __syncthreads();  // PLANTED synccheck divergent-barrier
    data[i] = tile[(i + 1) % n];
  }
  __syncthreads();
  if (i >= n) data[i] = -1;
}

__global__ void shift_mended(int* data, int n) {
  __shared__ int tile[128];
  const int i = threadIdx.x;
  if (i < n) tile[i] = data[i];
  __syncthreads();
  data[i] = i < n ? tile[(i + 1) % n] : -1;
}

void expect_shifted(const lab::Array<int>& data) {
  lab::expect(data, [](size_t i) { return i < 100 ? int(i + 1) % 100 : -1; });
}

LAB_TEST(defect) {
  lab::Array<int> data = lab::iota<int>(128);
  shift<<<1, 128>>>(data, 100);
  expect_shifted(data);
}

LAB_TEST(mended) {
  lab::Array<int> data = lab::iota<int>(128);
  shift_mended<<<1, 128>>>(data, 100);
  expect_shifted(data);
}
