// Strided ranges: a map over elements, and a reduction of a row of any length by a block. docs/kernels.md explains them.
#include "kernels/device/reduce.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/host/launch.h"

namespace cucurbit::examples {

/// y[i] = factor * x[i]
template <int kThreads>
__global__ void scale_kernel(const float* x, float* y, int64_t n, float factor) {
  map_tile<kThreads>(
      n, [=](float value) { return factor * value; }, y, x);
}

/// mean[r] = the mean of row r: a block to each row.
template <int kThreads>
__global__ void row_mean_kernel(const float* x, float* mean, int cols) {
  const float* row = x + int64_t(blockIdx.x) * cols;
  const float own = loop_sum<float>(strided<kThreads>(cols), [&](int c) { return row[c]; });
  const float sum = block_sum<kThreads>(own);  // every thread of the block calls it: it has barriers
  if (thread_index<kThreads>() == 0) mean[blockIdx.x] = sum / float(cols);
}

inline void scale(const float* x, float* y, int64_t n, float factor, cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(scale_kernel), blocks_for(n, kTile), stream, x, y, n, factor);
}

inline void row_mean(const float* x, float* mean, int64_t rows, int cols, cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(row_mean_kernel), rows, stream, x, mean, cols);
}

}  // namespace cucurbit::examples
