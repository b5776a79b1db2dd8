// The host overwrites a pinned buffer while a kernel may still read it.
// ptxrun: cannot see: its streams run work immediately
#include <lab.h>

__global__ void twice(const int* in, int* out) { out[threadIdx.x] = 2 * in[threadIdx.x]; }

template <bool kMended>
void run_two_batches() {
  lab::Array<int> out(64);
  int* in = nullptr;
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  cudaMallocHost(&in, 64 * sizeof(int));
  for (int i = 0; i < 64; ++i) in[i] = i;
  twice<<<1, 64, 0, stream>>>(in, out);
  if (kMended) cudaStreamSynchronize(stream);
  for (int i = 0; i < 64; ++i) {
    in[i] = -1;  // PLANTED strict host-race
  }
  cudaStreamSynchronize(stream);
  lab::expect(out, [](size_t i) { return 2 * int(i); });
  cudaFreeHost(in);
  cudaStreamDestroy(stream);
}

LAB_TEST(defect) { run_two_batches<false>(); }

LAB_TEST(mended) { run_two_batches<true>(); }
