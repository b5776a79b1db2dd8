// One thread stores a value for all threads, which read it before it is stored.
// ptxrun: sees
#include <lab.h>

template <bool kMended>
__global__ void distance_to_last(int* data) {
  __shared__ int last;
  const int value = data[threadIdx.x];
  if (threadIdx.x == blockDim.x - 1) last = value;
  if (kMended) __syncthreads();
  data[threadIdx.x] = last - value;  // PLANTED racecheck race-shared
}

template <bool kMended>
void run() {
  lab::Array<int> data = lab::iota<int>(256);
  distance_to_last<kMended><<<1, 256>>>(data);
  lab::expect(data, [](size_t i) { return 255 - int(i); });
}

LAB_TEST(defect) { run<false>(); }

LAB_TEST(mended) { run<true>(); }
