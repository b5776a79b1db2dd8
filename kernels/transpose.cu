#include "kernels/device/vector.cuh"
#include "kernels/host/launch.h"
#include "kernels/transpose.h"

namespace cucurbit::kernels {

namespace {
constexpr int kEdge = 32;  // a block moves a tile of kEdge x kEdge
}

/// A block moves one tile by way of shared memory, so that both sides of memory are accessed along their rows:
///
///            x, read row by row             y, written row by row
///            columns ->                     rows of x ->
///   warp 0   a b c d ...           warp 0   a e i ...
///   warp 1   e f g h ...           warp 1   b f j ...
///
/// Lanes go along a row of x while reading and along a column of x, which is a row of y, while writing.
template <int kThreads, class T>
__global__ void transpose_kernel(const T* x, T* y, int64_t rows, int64_t cols, int64_t tiles_down,
                                 int64_t tiles_across) {
  __shared__ T tile[kEdge][kEdge + 1];  // one more, so that a column lies in 32 different banks
  const int64_t n = int64_t(blockIdx.x) / (tiles_down * tiles_across),
                t = int64_t(blockIdx.x) % (tiles_down * tiles_across);
  const int64_t first_row = t / tiles_across * kEdge, first_col = t % tiles_across * kEdge;
  const int height = int(rows - first_row < kEdge ? rows - first_row : kEdge);
  const int width = int(cols - first_col < kEdge ? cols - first_col : kEdge);
  x += (n * rows + first_row) * cols + first_col;
  y += (n * cols + first_col) * rows + first_row;
  for (int r : warp_strided<kThreads>(height))
    for_each(lane_strided<kThreads>(width), [&](int c) { tile[r][c] = x[r * cols + c]; });
  __syncthreads();  // a lane writes what the lanes of other warps read
  for (int c : warp_strided<kThreads>(width))
    for_each(lane_strided<kThreads>(height), [&](int r) { y[c * rows + r] = tile[r][c]; });
}

template <class T>
void transpose(const T* x, T* y, int64_t batch, int64_t rows, int64_t cols, cudaStream_t stream) {
  const int64_t down = blocks_for(rows, kEdge), across = blocks_for(cols, kEdge);
  launch<256>(CUCURBIT_KERNEL(transpose_kernel, T), batch * down * across, stream, x, y, rows, cols, down, across);
}

template void transpose(const float*, float*, int64_t, int64_t, int64_t, cudaStream_t);
template void transpose(const bf16*, bf16*, int64_t, int64_t, int64_t, cudaStream_t);
template void transpose(const double*, double*, int64_t, int64_t, int64_t, cudaStream_t);
template void transpose(const uint8_t*, uint8_t*, int64_t, int64_t, int64_t, cudaStream_t);

}  // namespace cucurbit::kernels
