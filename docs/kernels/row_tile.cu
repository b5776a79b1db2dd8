// A row tile: short rows that stay in registers between two passes over them. docs/kernels.md explains it.
#include "kernels/device/math.cuh"
#include "kernels/host/launch.h"
#include "kernels/row_tile.cuh"

namespace cucurbit::examples {

/// y[r,c] = x[r,c] / sum of row r
template <int kThreads, int kColumns>
__global__ void normalize_rows_kernel(const float* x, float* y, int64_t rows, int cols, int rows_in_block) {
  using Tile = kernels::RowTile<kThreads, kColumns>;
  const int64_t first = int64_t(blockIdx.x) * rows_in_block;
  for (Tile tile(first, math::min(first + rows_in_block, rows), cols); tile.any(); tile.next()) {
    float value[Tile::kSteps][Tile::kWidth];
    kernels::PerRow<float, Tile::kWidth> sum{};
    tile.load(x, value, 0.f);  // what lies outside of the matrix counts as 0
    tile.each([&](int k, int w) { sum[w] += value[k][w]; });
    tile.sum(sum);  // of all lanes of the row
    tile.store(y, false, [&](int k, int w) { return value[k][w] / sum[w]; });
  }
}

/// False, and nothing done, for rows that are too long for registers.
inline bool normalize_rows(const float* x, float* y, int64_t rows, int cols, cudaStream_t stream) {
  const int rows_in_block = kernels::rows_per_block(cols);
  return kernels::with_row_tile<float>(cols, [&]<int kColumns>() {
    launch<256>(CUCURBIT_KERNEL(normalize_rows_kernel, kernels::tile_columns<float, kThreads, kColumns>),
                blocks_for(rows, rows_in_block), stream, x, y, rows, cols, rows_in_block);
  });
}

}  // namespace cucurbit::examples
