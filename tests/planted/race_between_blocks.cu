// Blocks add to one number in global memory, which each of them reads while another may be writing it.
// ptxrun: cannot see: its race checker covers shared memory only
#include <lab.h>

__global__ void count_odd(const int* data, int* count) {
  int odd = __syncthreads_count(data[blockIdx.x * blockDim.x + threadIdx.x] % 2);
  if (threadIdx.x == 0) *count += odd;  // PLANTED racecheck race-between-blocks
}

__global__ void count_odd_mended(const int* data, int* count) {
  int odd = __syncthreads_count(data[blockIdx.x * blockDim.x + threadIdx.x] % 2);
  if (threadIdx.x == 0) atomicAdd(count, odd);
}

LAB_TEST(defect) {
  lab::Array<int> data = lab::iota<int>(512), count = lab::zeros<int>(1);
  count_odd<<<8, 64>>>(data, count);
  lab::expect(count, std::vector<int>{256});
}

LAB_TEST(mended) {
  lab::Array<int> data = lab::iota<int>(512), count = lab::zeros<int>(1);
  count_odd_mended<<<8, 64>>>(data, count);
  lab::expect(count, std::vector<int>{256});
}
