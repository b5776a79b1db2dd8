// A thread writes beyond its local array when its input is larger than expected.
// ptxrun: cannot see: the overflow stays inside the local memory of the thread
#include <lab.h>

template <int kBins>
__global__ void fullest_bin(const int* data, int per_thread, int* out) {
  int bins[kBins];
  for (int& bin : bins) bin = 0;
  for (int i = 0; i < per_thread; ++i) {
    bins[data[threadIdx.x * per_thread + i]] += 1;  // PLANTED memcheck out-of-bounds-local
  }
  int best = 0;
  for (int bin = 1; bin < 8; ++bin) {
    if (bins[bin] > bins[best]) best = bin;
  }
  out[threadIdx.x] = best;
}

template <int kBins>
void find_fullest() {
  lab::Array<int> data = std::vector<int>(32 * 9, 3), out(32);
  const std::vector<int> odd{8};
  cudaMemcpy(data + 40, odd.data(), sizeof(int), cudaMemcpyHostToDevice);
  fullest_bin<kBins><<<1, 32>>>(data, 9, out);
  lab::expect(out, [](size_t) { return 3; });
}

LAB_TEST(defect) { find_fullest<8>(); }

LAB_TEST(mended) { find_fullest<9>(); }
