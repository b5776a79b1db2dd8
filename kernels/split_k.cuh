#pragma once

#include "kernels/device/tile.cuh"
#include "kernels/host/launch.h"

/// How a product is cut into blocks: tiles of the result and, where those are too few to fill a GPU, pieces of the
/// summed index k. Pieces write partial results to a workspace and a second kernel adds them in ascending order:
/// deterministic.
namespace cucurbit {

/// The result of a product, or a partial one.
template <class C, class A>
struct SplitResult {
  MatrixResult<C, A> whole;
  MatrixResult<A, A> partial;  // used unless its data is null

  __device__ void write(int64_t row, int64_t column, const A* sums, int count) const {
    if (partial.data)
      partial.write(row, column, sums, count);
    else
      whole.write(row, column, sums, count);
  }
};

/// `groups` independent products of [m, k] by [k, n], the results stacked along m.
struct TileGrid {
  int64_t m, n, k, groups;
  int side;           // of a tile
  int64_t splits;     // pieces of k
  int64_t per_split;  // values of k in a piece

  TileGrid(int64_t m, int64_t n, int64_t k, int64_t groups, bool wide_allowed) : m(m), n(n), k(k), groups(groups) {
    constexpr int64_t kEnough = 128;  // blocks that fill most GPUs
    constexpr int64_t kShortest = 512;
    const bool wide_suits = m > kTileSide<false> && n > kTileSide<false> && tiles(kTileSide<true>) >= kEnough;
    side = wide_allowed && wide_suits ? kTileSide<true> : kTileSide<false>;
    const int64_t have = tiles(side);
    splits = have == 0 || have >= kEnough ? 1 : 2 * kEnough / have;
    if (splits > k / kShortest) splits = k / kShortest;
    if (splits < 1) splits = 1;
    constexpr int64_t kUnit = 128;  // a multiple of every slice
    per_split = blocks_for(blocks_for(k, splits), kUnit) * kUnit;
    splits = k == 0 ? 1 : blocks_for(k, per_split);
  }

  /// Gives up splitting, for products whose result needs no workspace.
  void unsplit() { splits = 1, per_split = k; }

  bool wide() const { return side == kTileSide<true>; }
  int64_t tiles(int side) const { return groups * blocks_for(m, side) * blocks_for(n, side); }
  int64_t blocks() const { return tiles(side) * splits; }
  /// Values in the workspace.
  int64_t partials() const { return splits == 1 ? 0 : splits * groups * m * n; }

  /// The work of block `blockIdx.x`: columns run fastest, then rows, pieces of k, groups.
  __device__ TileExtent extent(int64_t& group, int64_t& split) const {
    const int64_t columns = (n + side - 1) / side, rows = (m + side - 1) / side;
    int64_t at = blockIdx.x;
    TileExtent extent;
    extent.n = at % columns * side;
    at /= columns;
    extent.m = at % rows * side;
    at /= rows;
    split = at % splits;
    group = at / splits;
    extent.k = split * per_split;
    extent.k_end = extent.k + per_split < k ? extent.k + per_split : k;
    extent.m_live = m - extent.m < side ? int(m - extent.m) : side;
    extent.n_live = n - extent.n < side ? int(n - extent.n) : side;
    return extent;
  }

  /// Where a block's sums go: to `result`, or, while k is split, to workspace [splits, groups * m, n].
  template <class C, class A>
  __device__ SplitResult<C, A> choose(const MatrixResult<C, A>& result, A* workspace, int64_t group,
                                      int64_t split) const {
    A* partial = splits == 1 ? nullptr : workspace + (split * groups + group) * m * n;
    return {result, {partial, n, A(1), A(0)}};
  }
};

/// c[row, column] = alpha * sum over splits of partials[split, row, column] + beta * c.
template <int kThreads, class C, class A>
__global__ void sum_splits_kernel(const A* partials, int64_t splits, int64_t rows, int64_t columns,
                                  MatrixResult<C, A> result) {
  constexpr int kTogether = kThreads == 1 ? 64 : 1;  // neighbours summed side by side
  const int64_t count = rows * columns, begin = int64_t(blockIdx.x) * kTile;
  const int64_t end = begin + kTile < count ? begin + kTile : count;
  for (int64_t at = begin + thread_index<kThreads>() * kTogether; at < end; at += kThreads * kTogether) {
    const int live = end - at < kTogether ? int(end - at) : kTogether;
    A sums[kTogether] = {};
    for (int64_t s = 0; s < splits; ++s)
      for (int x = 0; x < live; ++x) sums[x] += partials[s * count + at + x];
    int64_t row = at / columns, column = at % columns;
    for (int x = 0; x < live;) {
      const int run = columns - column < live - x ? int(columns - column) : live - x;
      result.write(row++, column, sums + x, run);
      x += run;
      column = 0;
    }
  }
}

template <class C, class A>
void sum_splits(const TileGrid& grid, const A* partials, const MatrixResult<C, A>& result, cudaStream_t stream) {
  const int64_t rows = grid.groups * grid.m;
  launch<256>(CUCURBIT_KERNEL(sum_splits_kernel, C, A), blocks_for(rows * grid.n, kTile), stream, partials, grid.splits,
              rows, grid.n, result);
}

}  // namespace cucurbit
