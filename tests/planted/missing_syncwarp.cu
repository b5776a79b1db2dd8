// The threads of a warp exchange values through shared memory as if they ran in lockstep.
// ptxrun: cannot see: the lanes of its warps do run in lockstep
#include <lab.h>

__global__ void rotate(int* data) {
  __shared__ int lanes[32];
  const unsigned lane = threadIdx.x;
  lanes[lane] = data[lane];
  data[lane] = lanes[(lane + 1) % 32];  // PLANTED racecheck race-shared
}

__global__ void rotate_mended(int* data) {
  __shared__ int lanes[32];
  const unsigned lane = threadIdx.x;
  lanes[lane] = data[lane];
  __syncwarp();
  data[lane] = lanes[(lane + 1) % 32];
}

LAB_TEST(defect) {
  lab::Array<int> data = lab::iota<int>(32);
  rotate<<<1, 32>>>(data);
  lab::expect(data, [](size_t i) { return int(i + 1) % 32; });
}

LAB_TEST(mended) {
  lab::Array<int> data = lab::iota<int>(32);
  rotate_mended<<<1, 32>>>(data);
  lab::expect(data, [](size_t i) { return int(i + 1) % 32; });
}
