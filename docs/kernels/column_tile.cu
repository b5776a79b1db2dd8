// A column tile: sums over the rows of a matrix, in two stages. docs/kernels.md explains it.
#include "kernels/device/columns.cuh"
#include "kernels/device/reduce.cuh"
#include "kernels/host/launch.h"
#include "kernels/reduction.h"

namespace cucurbit::examples {

/// partial[chunk, c] = the sum of column c over the rows of the block's chunk.
template <int kThreads>
__global__ void column_sums_kernel(const float* x, float* partial, ColumnSplit split) {
  const ColumnTile<kThreads> tile(split);
  float sum[tile.kOwned] = {};  // one for each column that this thread owns
  for (int64_t r = tile.first_row + warp_index<kThreads>(); r < tile.last_row; r += kWarps<kThreads>) {
    const float* row = x + r * split.cols + tile.first_col;
    tile.template for_groups<1>([&](int k, int c) { sum[k] += row[c]; });
  }
  tile.template write_results<1>(sum, partial + tile.chunk * split.cols, Add{});
}

/// y[c] = sum_r x[r,c].   partial [ColumnSplit(rows, cols).partials()]
inline void column_sums(const float* x, float* y, int64_t rows, int64_t cols, float* partial, cudaStream_t stream) {
  const ColumnSplit split(rows, cols);
  launch<256>(CUCURBIT_KERNEL(column_sums_kernel), split.blocks(), stream, x, partial, split);
  kernels::reduce_middle(partial, y, 1, split.partial_rows(), cols, 1.f, false, stream);
}

}  // namespace cucurbit::examples
