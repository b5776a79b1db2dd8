// A three-point mean reads one element beyond the end.
// ptxrun: sees
#include <lab.h>

__global__ void smooth(const float* in, float* out, int n) {
  const int i = threadIdx.x;
  if (i == 0 || i >= n) return;
  const float right = in[i + 1];  // PLANTED memcheck out-of-bounds
  out[i - 1] = (in[i - 1] + in[i] + right) / 3;
}

__global__ void smooth_mended(const float* in, float* out, int n) {
  const int i = threadIdx.x;
  if (i == 0 || i >= n - 1) return;
  const float right = in[i + 1];
  out[i - 1] = (in[i - 1] + in[i] + right) / 3;
}

LAB_TEST(defect) {
  lab::Array<float> in = lab::iota<float>(64), out = lab::zeros<float>(64);
  smooth<<<1, 64>>>(in, out, 64);
  lab::expect(
      out, [](size_t i) { return i < 62 ? float(i + 1) : 0; }, 1e-6);
}

LAB_TEST(mended) {
  lab::Array<float> in = lab::iota<float>(64), out = lab::zeros<float>(64);
  smooth_mended<<<1, 64>>>(in, out, 64);
  lab::expect(
      out, [](size_t i) { return i < 62 ? float(i + 1) : 0; }, 1e-6);
}
