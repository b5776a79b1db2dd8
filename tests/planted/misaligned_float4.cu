// Four floats are read at once from an address that is not a multiple of 16.
// ptxrun: sees
#include <lab.h>

__global__ void sum_fours(const float* in, float* out) {
  const float4* fours = reinterpret_cast<const float4*>(in);
  const float4 four = fours[threadIdx.x];  // PLANTED memcheck misaligned
  out[threadIdx.x] = four.x + four.y + four.z + four.w;
}

void sum_from(size_t first) {
  lab::Array<float> in = lab::iota<float>(132), out(32);
  sum_fours<<<1, 32>>>(in + first, out);
  lab::expect(out, [&](size_t i) { return 16.0f * float(i) + 6 + 4 * float(first); });
}

LAB_TEST(defect) { sum_from(1); }

LAB_TEST(mended) { sum_from(4); }
