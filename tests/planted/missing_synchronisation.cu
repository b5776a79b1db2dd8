// The host reads a pinned buffer without waiting for the copy that fills it.
// ptxrun: cannot see: its streams run work immediately
#include <lab.h>

__global__ void fill(int* data) { data[threadIdx.x] = 7; }

template <bool kMended>
void fetch() {
  lab::Array<int> data(64);
  int* host = nullptr;
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  cudaMallocHost(&host, data.bytes());
  for (int i = 0; i < 64; ++i) host[i] = 0;
  fill<<<1, 64, 0, stream>>>(data);
  cudaMemcpyAsync(host, data, data.bytes(), cudaMemcpyDeviceToHost, stream);
  if (kMended) cudaStreamSynchronize(stream);
  lab::expect(host[63] == 7, "the copy has not arrived");  // PLANTED strict host-race
  cudaStreamSynchronize(stream);
  cudaFreeHost(host);
  cudaStreamDestroy(stream);
}

LAB_TEST(defect) { fetch<false>(); }

LAB_TEST(mended) { fetch<true>(); }
