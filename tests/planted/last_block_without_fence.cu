// The last block adds up the results of the others, but no fence makes these results visible before the tickets.
// ptxrun: cannot see: its memory is sequentially consistent
#include <lab.h>

template <bool kMended>
__global__ void total(const int* data, int* partial, unsigned* tickets, int* result) {
  __shared__ bool last;
  const int sum = __syncthreads_count(data[blockIdx.x * blockDim.x + threadIdx.x] % 3 == 0);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
    if (kMended) __threadfence();
    last = atomicAdd(tickets, 1u) == gridDim.x - 1;
    if (kMended) __threadfence();
  }
  __syncthreads();
  if (!last || threadIdx.x != 0) return;
  int all = 0;
  for (unsigned block = 0; block < gridDim.x; ++block) {
    all += partial[block];  // PLANTED racecheck race-between-blocks
  }
  *result = all;
}

LAB_TEST(defect) {
  lab::Array<int> data = lab::iota<int>(512), partial(8), result(1);
  lab::Array<unsigned> tickets = lab::zeros<unsigned>(1);
  total<false><<<8, 64>>>(data, partial, tickets, result);
  lab::expect(result, std::vector<int>{171});
}

LAB_TEST(mended) {
  lab::Array<int> data = lab::iota<int>(512), partial(8), result(1);
  lab::Array<unsigned> tickets = lab::zeros<unsigned>(1);
  total<true><<<8, 64>>>(data, partial, tickets, result);
  lab::expect(result, std::vector<int>{171});
}
