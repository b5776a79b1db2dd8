// The first thread reads the element before the start of the array.
// ptxrun: sees
#include <lab.h>

__global__ void steps(const int* in, int* out) {
  const int i = threadIdx.x;
  const int left = in[i - 1];  // PLANTED memcheck out-of-bounds
  out[i] = in[i] - left;
}

__global__ void steps_mended(const int* in, int* out) {
  const int i = threadIdx.x;
  const int left = i > 0 ? in[i - 1] : 0;
  out[i] = in[i] - left;
}

LAB_TEST(defect) {
  lab::Array<int> in = lab::iota<int>(64), out(64);
  steps<<<1, 64>>>(in, out);
  lab::expect(out, [](size_t i) { return i > 0 ? 1 : 0; });
}

LAB_TEST(mended) {
  lab::Array<int> in = lab::iota<int>(64), out(64);
  steps_mended<<<1, 64>>>(in, out);
  lab::expect(out, [](size_t i) { return i > 0 ? 1 : 0; });
}
