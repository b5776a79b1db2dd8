// A tile has room for the elements of the block but not for the one to their right.
// ptxrun: sees
#include <lab.h>

__device__ void subtract_neighbours(const int* in, int* out, int* tile) {
  const unsigned i = threadIdx.x;
  tile[i] = in[i];
  if (i == 0) {
    tile[blockDim.x] = in[blockDim.x];  // PLANTED memcheck out-of-bounds-shared
  }
  __syncthreads();
  out[i] = tile[i + 1] - tile[i];
}

__global__ void differences(const int* in, int* out) {
  __shared__ int tile[64];
  subtract_neighbours(in, out, tile);
}

__global__ void differences_mended(const int* in, int* out) {
  __shared__ int tile[65];
  subtract_neighbours(in, out, tile);
}

LAB_TEST(defect) {
  lab::Array<int> in = lab::iota<int>(65), out(64);
  differences<<<1, 64>>>(in, out);
  lab::expect(out, [](size_t) { return 1; });
}

LAB_TEST(mended) {
  lab::Array<int> in = lab::iota<int>(65), out(64);
  differences_mended<<<1, 64>>>(in, out);
  lab::expect(out, [](size_t) { return 1; });
}
