#pragma once

#include "kernels/columns.h"
#include "kernels/device/ranges.cuh"
#include "kernels/device/vector.cuh"

/// Work on a tile of columns of a row-major matrix, see ColumnSplit. A lane owns kOwned columns of the tile for the
/// whole chunk, in groups of W neighbours, and keeps their sums in registers; the warps of a block share the rows. With
/// W = 4, 256 threads and the 256 columns of a tile:
///
///             columns 0-3   4-7   ...  124-127     128-131  ...  252-255
///   row 0    warp 0: lane 0 lane 1     lane 31     lane 0        lane 31
///   row 1    warp 1: lane 0 lane 1     lane 31     lane 0        lane 31
///   ...
///   row 8    warp 0 again
///
namespace cucurbit {

template <int kThreads>
struct ColumnTile {
  static constexpr int kOwned = ColumnSplit::kTile / kLanes<kThreads>;

  int64_t first_row, last_row;  // this block's chunk
  int64_t first_col;            // this block's tile
  int width;                    // columns in it
  int64_t chunk;

  __device__ __forceinline__ explicit ColumnTile(const ColumnSplit& split) {
    chunk = int64_t(blockIdx.x) / split.tiles;  // neighbouring blocks have neighbouring tiles of the same rows
    first_row = chunk * split.rows_per_chunk;
    last_row = first_row + split.rows_per_chunk < split.rows ? first_row + split.rows_per_chunk : split.rows;
    first_col = (int64_t(blockIdx.x) - chunk * split.tiles) * ColumnSplit::kTile;
    const int64_t left = split.cols - first_col;
    width = int(left < ColumnSplit::kTile ? left : ColumnSplit::kTile);
  }

  /// f(k, c): k-th owned column begins a group of W columns at column c of the tile.
  template <int W, class F>
  __device__ __forceinline__ void for_groups(F f) const {
    if constexpr (kThreads == 1) {
      static_assert(W == 1);
      for_each(StridedRange<1, int>{0, width}, [&](int c) { f(c, c); });
    } else {
      for (int group = 0; group < kOwned / W; ++group) {
        const int c = (group * kLanes<kThreads> + lane_index<kThreads>()) * W;
        if (c < width) f(group * W, c);
      }
    }
  }

  /// Combines the warps' results in order and writes them to partial[first_col + c]. All threads must call it.
  template <int W, class A, class Op>
  __device__ __forceinline__ void write_results(const A* result, A* partial, [[maybe_unused]] Op op) const {
    if constexpr (kWarps<kThreads> == 1) {
      for_groups<W>([&](int k, int c) { store_vector<W>(partial + first_col + c, load_vector<W>(result + k)); });
    } else {
      __shared__ A shared[kWarps<kThreads>][ColumnSplit::kTile];
      for_groups<W>([&](int k, int c) {
        for_elements<W>([&](int j) { shared[warp_index<kThreads>()][c + j] = result[k + j]; });
      });
      __syncthreads();  // a column's thread adds what all warps have of it
      for (int c : strided<kThreads>(width)) {
        A total = shared[0][c];
        for (int w = 1; w < kWarps<kThreads>; ++w) total = op(total, shared[w][c]);
        partial[first_col + c] = total;
      }
    }
  }
};

/// Columns moved in one access: 16 bytes on a GPU where every row of every array is aligned so, else 1.
template <int kThreads, class T>
inline constexpr int kColumnWidth = kThreads == 1 ? 1 : kVectorWidth<T>;

/// True if rows can be moved in groups of W columns.
template <int W, class... T>
__device__ __forceinline__ bool rows_aligned(const ColumnSplit& split, const T*... arrays) {
  return split.cols % W == 0 && (aligned_for<W>(arrays) && ...);
}

}  // namespace cucurbit
