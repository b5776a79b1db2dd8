// One stream reads what another writes, and no event orders the two.
// ptxrun: cannot see: its streams run work immediately
#include <lab.h>

__global__ void produce(int* data) { data[threadIdx.x] = int(threadIdx.x); }

__global__ void consume(const int* data, int* out) {
  out[threadIdx.x] = data[threadIdx.x] + 1;  // PLANTED racecheck race-between-streams
}

template <bool kMended>
void pass_on() {
  lab::Array<int> data = lab::zeros<int>(64), out(64);
  cudaStream_t first, second;
  cudaEvent_t produced;
  cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
  cudaEventCreate(&produced);
  produce<<<1, 64, 0, first>>>(data);
  cudaEventRecord(produced, first);
  if (kMended) cudaStreamWaitEvent(second, produced);
  consume<<<1, 64, 0, second>>>(data, out);
  lab::expect(out, [](size_t i) { return int(i) + 1; });
  cudaEventDestroy(produced);
  cudaStreamDestroy(first);
  cudaStreamDestroy(second);
}

LAB_TEST(defect) { pass_on<false>(); }

LAB_TEST(mended) { pass_on<true>(); }
