// Half of a warp shuffles with a mask that names all lanes.
// ptxrun: sees
#include <lab.h>

template <unsigned kMask>
__global__ void sum_of_half(const int* data, int* result) {
  int value = data[threadIdx.x];
  if (threadIdx.x < 16) {
    for (int step = 8; step > 0; step /= 2) {
      value += __shfl_down_sync(kMask, value, step, 16);  // PLANTED synccheck warp-mask
    }
  }
  __syncthreads();
  if (threadIdx.x == 0) *result = value;
}

template <unsigned kMask>
void sum_first_half() {
  lab::Array<int> data = lab::iota<int>(32), result(1);
  sum_of_half<kMask><<<1, 32>>>(data, result);
  lab::expect(result, std::vector<int>{120});
}

LAB_TEST(defect) { sum_first_half<0xffffffff>(); }

LAB_TEST(mended) { sum_first_half<0x0000ffff>(); }
