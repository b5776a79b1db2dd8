#include "kernels/device/vector.cuh"
#include "kernels/host/launch.h"
#include "kernels/mirror.h"

namespace cucurbit::kernels {

/// A warp per row. Pixel w of the result is pixel width - 1 - w; its channels keep their order. For element
/// i = w * channels + c that is (width - 1 - w) * channels + c = turn - i + 2 c.
template <int kThreads, class T>
__global__ void mirror_kernel(const T* __restrict__ x, T* __restrict__ y, int64_t rows, int width, int channels,
                              int rows_per_block) {
  const int64_t first = int64_t(blockIdx.x) * rows_per_block;
  const int64_t left = rows - first < rows_per_block ? rows - first : rows_per_block;
  const int row_size = width * channels, turn = (width - 1) * channels;
  for (int64_t row : warp_strided<kThreads>(left)) {
    const T* __restrict__ from = x + (first + row) * row_size;
    T* __restrict__ into = y + (first + row) * row_size;
    for_each(lane_strided<kThreads>(row_size), [&](int i) { into[i] = from[turn - i + 2 * (i % channels)]; });
  }
}

template <class T>
void mirror(const T* x, T* y, int64_t rows, int64_t width, int64_t channels, cudaStream_t stream) {
  const int64_t row_size = width * channels, per_block = row_size < 1 || row_size > kTile ? 1 : kTile / row_size;
  launch<256>(CUCURBIT_KERNEL(mirror_kernel, T), row_size == 0 ? 0 : blocks_for(rows, per_block), stream, x, y, rows,
              int(width), int(channels), int(per_block));
}

template void mirror(const float*, float*, int64_t, int64_t, int64_t, cudaStream_t);
template void mirror(const bf16*, bf16*, int64_t, int64_t, int64_t, cudaStream_t);
template void mirror(const double*, double*, int64_t, int64_t, int64_t, cudaStream_t);

}  // namespace cucurbit::kernels
