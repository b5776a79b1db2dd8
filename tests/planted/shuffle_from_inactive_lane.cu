// The mask names the lanes that shuffle, but the lane that they read from is not among them.
// ptxrun: cannot see: it returns the value of the inactive lane
#include <lab.h>

template <int kSource>
__global__ void broadcast(const int* data, int* out) {
  int value = data[threadIdx.x];
  if (threadIdx.x < 16) {
    value = __shfl_sync(0x0000ffff, value, kSource);  // PLANTED synccheck misuse
  }
  out[threadIdx.x] = value;
}

template <int kSource>
void broadcast_from() {
  lab::Array<int> data = lab::iota<int>(32), out(32);
  broadcast<kSource><<<1, 32>>>(data, out);
  lab::expect(out, [](size_t i) { return i < 16 ? kSource : int(i); });
}

LAB_TEST(defect) { broadcast_from<16>(); }

LAB_TEST(mended) { broadcast_from<15>(); }
