#pragma once

#include "kernels/device/vector.cuh"
#include "kernels/row_grid.h"

/// Work on arrays whose last dimension is channels: per-channel constants and sums, loops over channels innermost.
namespace cucurbit {

/// Lanes of one thread: all of them with one thread, one each with kSpan threads. Arrays of this size are registers on
/// a GPU and vectors in the first-level cache on a CPU.
template <int kThreads>
inline constexpr int kLanesEach = kSpan / kThreads;

/// Lanes of one thread where whole rows can fill as many: what it knows of them then stays in registers.
inline constexpr int kRegisterLanes = 64;

/// f(j) for the first n of a thread's lanes, n <= kLanesEach. Iterations must be independent.
template <int kThreads, class F>
__device__ __forceinline__ void each_lane(int n, F f) {
  if constexpr (kLanesEach<kThreads> == 1) {
    if (n > 0) f(0);
  } else {
    for_each(StridedRange<1, int>{0, n}, f);
  }
}

/// y[j] = from_acc(value(j)) for these.
template <int kThreads, class T, class F>
__device__ __forceinline__ void store_lanes(int n, T* y, F value) {
  if constexpr (kLanesEach<kThreads> == 1) {
    if (n > 0) y[0] = from_acc<T>(value(0));
  } else {
    store_each(StridedRange<1, int>{0, n}, y, value);
  }
}

/// Rows [first_row, first_row + rows) of channels [first_channel, first_channel + width). As many whole rows as fit lie
/// side by side in the lanes, so that few channels still fill vectors and warps: lane l has channel l % width. With 3 channels
/// and 256 lanes, 85 rows at once, lane 255 idle:
///
///   lane      0  1  2    3  4  5    6 ...  252 253 254    255
///   row       0  0  0    1  1  1    2       84  84  84      -
///   channel   0  1  2    0  1  2    0        0   1   2      -
///
/// The elements of neighbouring lanes are neighbours in memory, whatever the number of channels.
template <int kThreads>
struct RowChunk {
  static_assert(kSpan % kThreads == 0);
  int64_t first_row, rows;
  int channels, first_channel, width;
  int groups, lanes, lane;

  __device__ __forceinline__ RowChunk(int64_t first_row, int64_t rows, int channels, int first_channel, int width)
      : first_row(first_row),
        rows(rows),
        channels(channels),
        first_channel(first_channel),
        width(width),
        groups(width != channels                              ? 1
               : kThreads == 1 && kRegisterLanes % width == 0 ? kRegisterLanes / width
                                                              : kSpan / width),
        lanes(groups * width),
        lane(thread_index<kThreads>()) {}

  /// f(j, c, group) for this thread's lanes j, their channels c and the row of the group they begin with.
  template <class F>
  __device__ __forceinline__ void each_group(F f) const {
    if constexpr (kLanesEach<kThreads> == 1) {
      if (lane < lanes) f(0, first_channel + lane % width, lane / width);
    } else {
      for (int group = 0; group < groups; ++group)
        for_each(StridedRange<1, int>{0, width}, [&](int c) { f(group * width + c, first_channel + c, group); });
    }
  }
  /// f(j, c) for this thread's lanes j and their channels c.
  template <class F>
  __device__ __forceinline__ void each_channel(F f) const {
    each_group([&](int j, int c, int) { f(j, c); });
  }
  /// Rows that the lanes of a group see.
  __device__ __forceinline__ int64_t rows_of_group(int group) const {
    return group < rows ? (rows - group + groups - 1) / groups : 0;
  }

  /// f(at, n): this thread's first n lanes hold the elements [at, at + n). Every element of the chunk comes once. n is
  /// a std::integral_constant where the compiler can know it, so that loops over it leave no arrays in memory; else
  /// int.
  template <class F>
  __device__ __forceinline__ void each_row(F f) const {
    const int64_t step = int64_t(groups) * channels;
    int64_t at = first_row * channels + first_channel, left = rows * width;
    if constexpr (kLanesEach<kThreads> == 1) {
      if (lane >= lanes) return;
      for (at += lane, left -= lane; left > 0; left -= lanes, at += step) f(at, 1);
    } else {
      if (lanes == kRegisterLanes)
        for (; left >= kRegisterLanes; left -= lanes, at += step) f(at, std::integral_constant<int, kRegisterLanes>{});
      for (; left > 0; left -= lanes, at += step) f(at, int(left < lanes ? left : lanes));
    }
  }

  /// Sums sum[j] of all lanes of a channel into shared[channel - first_channel], pairwise. Begins and ends with a
  /// barrier; every thread of the block must call it.
  template <class A>
  __device__ __forceinline__ void fold(const A* sum, A* shared) const {
    __syncthreads();  // an earlier fold may still be reading `shared`
    each_lane<kThreads>(kThreads == 1 ? lanes : int(lane < lanes), [&](int j) { shared[lane + j] = sum[j]; });
    __syncthreads();  // the first half adds what the second half wrote
    for (int left = groups; left > 1;) {
      const int half = (left + 1) / 2, offset = half * width;
      for_each(strided<kThreads>((left - half) * width), [&](int i) { shared[i] += shared[i + offset]; });
      __syncthreads();  // the next round adds sums of this one
      left = half;
    }
  }
};

/// The block's chunk of the grid.
template <int kThreads>
__device__ __forceinline__ RowChunk<kThreads> chunk_of(const RowGrid& grid) {
  const int64_t chunk = blockIdx.x / unsigned(grid.tiles), first_row = chunk * grid.chunk_rows;
  const int first_channel = int(blockIdx.x % unsigned(grid.tiles)) * grid.width;
  const int64_t rows = first_row + grid.chunk_rows < grid.rows ? grid.chunk_rows : grid.rows - first_row;
  const int width = first_channel + grid.width < grid.channels ? grid.width : grid.channels - first_channel;
  return {first_row, rows, grid.channels, first_channel, width};
}

}  // namespace cucurbit
