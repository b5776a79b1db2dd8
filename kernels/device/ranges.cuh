#pragma once

#include "kernels/types.h"

/// How the threads of a block share a loop. With one thread every range is a plain counting loop that vectorises.
namespace cucurbit {

inline constexpr int kWarp = 32;

template <int kStep, class Index>
struct StridedRange {
  struct Iterator {
    Index at;
    __device__ __forceinline__ Index operator*() const { return at; }
    __device__ __forceinline__ void operator++() { at += kStep; }
    __device__ __forceinline__ bool operator!=(const Iterator& end) const { return at < end.at; }
  };
  Index first, last;
  __device__ __forceinline__ Iterator begin() const { return {first}; }
  __device__ __forceinline__ Iterator end() const { return {last}; }
};

template <int kThreads>
__device__ __forceinline__ int thread_index() {
  if constexpr (kThreads == 1) return 0;
  return int(threadIdx.x);
}

/// Lanes of a warp and warps of a block; a block of fewer than 32 threads is one narrow warp.
template <int kThreads>
inline constexpr int kLanes = kThreads < kWarp ? kThreads : kWarp;
template <int kThreads>
inline constexpr int kWarps = kThreads / kLanes<kThreads>;

template <int kThreads>
__device__ __forceinline__ int lane_index() {
  return thread_index<kThreads>() % kLanes<kThreads>;
}
template <int kThreads>
__device__ __forceinline__ int warp_index() {
  return thread_index<kThreads>() / kLanes<kThreads>;
}

/// for (i : strided<kThreads>(n)): this thread's share of [0, n).
template <int kThreads, class Index>
__device__ __forceinline__ StridedRange<kThreads, Index> strided(Index n) {
  return {Index(thread_index<kThreads>()), n};
}

/// for (i : strided<kThreads>(begin, end)): this thread's share of [begin, end).
template <int kThreads, class Index>
__device__ __forceinline__ StridedRange<kThreads, Index> strided(Index begin, Index end) {
  return {Index(begin + thread_index<kThreads>()), end};
}

/// for (row : warp_strided<kThreads>(n)): the items of [0, n) that belong to this thread's warp.
template <int kThreads, class Index>
__device__ __forceinline__ StridedRange<kWarps<kThreads>, Index> warp_strided(Index n) {
  return {Index(warp_index<kThreads>()), n};
}

/// for (c : lane_strided<kThreads>(n)): this lane's share, within its warp, of [0, n).
template <int kThreads, class Index>
__device__ __forceinline__ StridedRange<kLanes<kThreads>, Index> lane_strided(Index n) {
  return {Index(lane_index<kThreads>()), n};
}

/// Elements a block handles in a one-dimensional map.
inline constexpr int kTile = 2048;

/// for (i : tile_of<kThreads>(n)): this thread's share of the block's tile of [0, n).
template <int kThreads, int kSize = kTile>
__device__ __forceinline__ StridedRange<kThreads, int64_t> tile_of(int64_t n) {
  const int64_t begin = int64_t(blockIdx.x) * kSize;
  return strided<kThreads>(begin, begin + kSize < n ? begin + kSize : n);
}

}  // namespace cucurbit
