// An optional output is written without a check for a null pointer.
// ptxrun: sees
#include <lab.h>

__global__ void scale(float* data, float* old) {
  const float value = data[threadIdx.x];
  old[threadIdx.x] = value;  // PLANTED memcheck illegal-address
  data[threadIdx.x] = 2 * value;
}

__global__ void scale_mended(float* data, float* old) {
  const float value = data[threadIdx.x];
  if (old != nullptr) old[threadIdx.x] = value;
  data[threadIdx.x] = 2 * value;
}

LAB_TEST(defect) {
  lab::Array<float> data = lab::iota<float>(64);
  scale<<<1, 64>>>(data, nullptr);
  lab::expect(data, [](size_t i) { return 2 * float(i); });
}

LAB_TEST(mended) {
  lab::Array<float> data = lab::iota<float>(64);
  scale_mended<<<1, 64>>>(data, nullptr);
  lab::expect(data, [](size_t i) { return 2 * float(i); });
}
