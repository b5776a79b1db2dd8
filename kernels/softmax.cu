#include "kernels/host/launch.h"
#include "kernels/row_tile.cuh"
#include "kernels/softmax.h"

namespace cucurbit::kernels {

/// Rows in registers, see RowTile. The largest value of a row is subtracted before exp: no power is above 1, so none
/// overflows, and the quotients stay the same.
template <int kThreads, int kColumns, bool kLog, class T>
__global__ void softmax_kernel(const T* x, T* y, int64_t rows, int cols, int rows_in_block) {
  using A = acc_t<T>;
  using Tile = RowTile<kThreads, kColumns>;
  const int64_t first = int64_t(blockIdx.x) * rows_in_block;
  for (Tile tile(first, math::min(first + rows_in_block, rows), cols); tile.any(); tile.next()) {
    A value[Tile::kSteps][Tile::kWidth];
    PerRow<A, Tile::kWidth> largest, sum{}, log_sum;
    for (int w = 0; w < Tile::kWidth; ++w) largest[w] = -A(INFINITY);
    tile.load(x, value, -A(INFINITY));
    tile.each([&](int k, int w) { largest[w] = math::max(value[k][w], largest[w]); });
    tile.reduce(largest, Maximum{});
    tile.each([&](int k, int w) {
      const A below = value[k][w] - largest[w], weight = math::exp(below);
      value[k][w] = kLog ? below : weight;
      sum[w] += weight;
    });
    tile.sum(sum);
    if constexpr (kLog) {
      for (int r = 0; r < Tile::kRows; ++r) log_sum[r] = math::log(sum[r]);
      tile.spread(log_sum);
      tile.store(y, false, [&](int k, int w) { return value[k][w] - log_sum[w]; });
    } else {
      tile.store(y, false, [&](int k, int w) { return value[k][w] / sum[w]; });
    }
  }
}

/// dx = y (dy - sum(dy y)), or for the logarithm dx = dy - e^y sum(dy). The sum is over the row, which is why the row is
/// needed twice and kept in registers.
template <int kThreads, int kColumns, bool kLog, class T>
__global__ void softmax_backward_kernel(const T* y, const T* dy, T* dx, int64_t rows, int cols, bool accumulate,
                                        int rows_in_block) {
  using A = acc_t<T>;
  using Tile = RowTile<kThreads, kColumns>;
  const int64_t first = int64_t(blockIdx.x) * rows_in_block;
  for (Tile tile(first, math::min(first + rows_in_block, rows), cols); tile.any(); tile.next()) {
    A out[Tile::kSteps][Tile::kWidth], slope[Tile::kSteps][Tile::kWidth];
    PerRow<A, Tile::kWidth> sum{};
    tile.load(y, out, A(0));
    tile.load(dy, slope, A(0));
    tile.each([&](int k, int w) { sum[w] += kLog ? slope[k][w] : slope[k][w] * out[k][w]; });
    tile.sum(sum);
    tile.store(dx, accumulate, [&](int k, int w) {
      return kLog ? slope[k][w] - math::exp(out[k][w]) * sum[w] : out[k][w] * (slope[k][w] - sum[w]);
    });
  }
}

/// A block per row of any length. Each reduction of the block has barriers, and gives every thread the result.
template <int kThreads, bool kLog, class T>
__global__ void long_softmax_kernel(const T* x, T* y, int cols) {
  using A = acc_t<T>;
  x += int64_t(blockIdx.x) * cols;
  y += int64_t(blockIdx.x) * cols;
  const auto columns = strided<kThreads>(cols);
  const A largest = block_max<kThreads>(loop_max<A>(columns, [&](int c) { return to_acc(x[c]); }));
  const A sum = block_sum<kThreads>(loop_sum<A>(columns, [&](int c) { return math::exp(to_acc(x[c]) - largest); }));
  const A log_sum = kLog ? math::log(sum) : A(0);
  for (int c : columns) {
    const A below = to_acc(x[c]) - largest;
    y[c] = from_acc<T>(kLog ? below - log_sum : math::exp(below) / sum);
  }
}

template <int kThreads, bool kLog, class T>
__global__ void long_softmax_backward_kernel(const T* y, const T* dy, T* dx, int cols, bool accumulate) {
  using A = acc_t<T>;
  y += int64_t(blockIdx.x) * cols;
  dy += int64_t(blockIdx.x) * cols;
  dx += int64_t(blockIdx.x) * cols;
  const auto columns = strided<kThreads>(cols);
  const A sum = block_sum<kThreads>(
      loop_sum<A>(columns, [&](int c) { return kLog ? to_acc(dy[c]) : to_acc(dy[c]) * to_acc(y[c]); }));
  for (int c : columns) {
    const A slope = to_acc(dy[c]), out = to_acc(y[c]), before = accumulate ? to_acc(dx[c]) : A(0);
    dx[c] = from_acc<T>(before + (kLog ? slope - math::exp(out) * sum : out * (slope - sum)));
  }
}

namespace {
template <bool kLog, class T>
void launch_forward(const T* x, T* y, int64_t rows, int cols, cudaStream_t stream) {
  const int rows_in_block = rows_per_block(cols);
  const bool in_registers = with_row_tile<acc_t<T>>(cols, [&]<int kColumns>() {
    launch<256>(CUCURBIT_KERNEL(softmax_kernel, tile_columns<acc_t<T>, kThreads, kColumns>, kLog, T),
                blocks_for(rows, rows_in_block), stream, x, y, rows, cols, rows_in_block);
  });
  if (!in_registers) launch<256>(CUCURBIT_KERNEL(long_softmax_kernel, kLog, T), rows, stream, x, y, cols);
}

template <bool kLog, class T>
void launch_backward(const T* y, const T* dy, T* dx, int64_t rows, int cols, bool accumulate, cudaStream_t stream) {
  const int rows_in_block = rows_per_block(cols);
  const bool in_registers = with_row_tile<acc_t<T>>(cols, [&]<int kColumns>() {
    launch<256>(CUCURBIT_KERNEL(softmax_backward_kernel, tile_columns<acc_t<T>, kThreads, kColumns>, kLog, T),
                blocks_for(rows, rows_in_block), stream, y, dy, dx, rows, cols, accumulate, rows_in_block);
  });
  if (!in_registers)
    launch<256>(CUCURBIT_KERNEL(long_softmax_backward_kernel, kLog, T), rows, stream, y, dy, dx, cols, accumulate);
}
}  // namespace

template <class T>
void softmax(const T* x, T* y, int64_t rows, int cols, cudaStream_t stream) {
  launch_forward<false>(x, y, rows, cols, stream);
}
template <class T>
void log_softmax(const T* x, T* y, int64_t rows, int cols, cudaStream_t stream) {
  launch_forward<true>(x, y, rows, cols, stream);
}
template <class T>
void softmax_backward(const T* y, const T* dy, T* dx, int64_t rows, int cols, bool accumulate, cudaStream_t stream) {
  launch_backward<false>(y, dy, dx, rows, cols, accumulate, stream);
}
template <class T>
void log_softmax_backward(const T* y, const T* dy, T* dx, int64_t rows, int cols, bool accumulate,
                          cudaStream_t stream) {
  launch_backward<true>(y, dy, dx, rows, cols, accumulate, stream);
}

#define CUCURBIT_INSTANTIATE(T)                                                             \
  template void softmax(const T*, T*, int64_t, int, cudaStream_t);                          \
  template void log_softmax(const T*, T*, int64_t, int, cudaStream_t);                      \
  template void softmax_backward(const T*, const T*, T*, int64_t, int, bool, cudaStream_t); \
  template void log_softmax_backward(const T*, const T*, T*, int64_t, int, bool, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
