#include "bench/support/limits.h"
#include "engine/runtime/stream.h"
#include "kernels/device/launch.h"
#include "kernels/device/vector.cuh"

namespace cucurbit::bench {

template <int kThreads>
__global__ void copy_kernel(const float* __restrict__ from, float* __restrict__ to, int64_t n) {
  map_tile<kThreads>(
      n, [](float value) { return value; }, to, from);
}

void copy_on_device(const Tensor& source, const Tensor& target) {
  launch<256>(CUCURBIT_KERNEL(copy_kernel), blocks_for(source.size(), kTile), stream(), source.data<float>(),
              target.data<float>(), source.size());
}

}  // namespace cucurbit::bench
