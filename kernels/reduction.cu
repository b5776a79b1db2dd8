#include <limits>

#include "kernels/device/columns.cuh"
#include "kernels/device/numeric.cuh"
#include "kernels/device/reduce.cuh"
#include "kernels/host/launch.h"
#include "kernels/reduction.h"

namespace cucurbit::kernels {

namespace {
constexpr int64_t kLongRow = 4096;  // rows of this many columns get a block of their own
constexpr int64_t kMaxPartials = 1024;
constexpr int kMiddleTile = kWarp;  // columns of a block of reduce_middle

/// A NaN on either side wins.
struct MaximumOrNan {
  template <class A>
  __device__ __forceinline__ A operator()(A a, A b) const {
    return b > a || b != b ? b : a;
  }
};

template <Reduction kind>
using Combine = std::conditional_t<kind == Reduction::max, MaximumOrNan, Add>;

/// How partial results are combined: like the values themselves, but squares only once.
constexpr Reduction partial_kind(Reduction kind) { return kind == Reduction::max ? kind : Reduction::sum; }

template <Reduction kind, class A>
__device__ __forceinline__ A identity() {
  return kind == Reduction::max ? -A(INFINITY) : A(0);
}

template <Reduction kind, class A>
__device__ __forceinline__ A term(A x) {
  return kind == Reduction::sum_of_squares ? x * x : x;
}

/// Reduction of f(i) over this thread's range.
template <Reduction kind, class A, class Range, class F>
__device__ __forceinline__ A reduce_loop(Range range, F f) {
  if constexpr (kind == Reduction::max) {
    const A largest = loop_max<A>(range, f);
    const A poison = loop_sum<A>(range, [&](auto i) { return f(i) == f(i) ? A(0) : f(i); });
    return poison == poison ? largest : poison;
  } else {
    return loop_sum<A>(range, [&](auto i) { return term<kind>(A(f(i))); });
  }
}

template <class Y, class A>
__device__ __forceinline__ void write(Y& y, A value, bool accumulate) {
  y = from_acc<Y>(accumulate ? to_acc(y) + value : value);
}

/// Calls f with the kind as a template argument; the mean is a sum with a factor.
template <class F>
void dispatch_reduction(Reduction kind, F f) {
  switch (kind) {
    case Reduction::sum:
    case Reduction::mean:
      return f(std::integral_constant<Reduction, Reduction::sum>{});
    case Reduction::sum_of_squares:
      return f(std::integral_constant<Reduction, Reduction::sum_of_squares>{});
    case Reduction::max:
      return f(std::integral_constant<Reduction, Reduction::max>{});
  }
}

template <class A>
A factor_of(Reduction kind, int64_t n) {
  return kind == Reduction::mean ? A(1) / A(n) : A(1);
}

int64_t elements_per_block(int64_t n) {
  constexpr int64_t kMinimum = 8192;
  return std::max(kMinimum, blocks_for(n, kMaxPartials));
}
}  // namespace

/// y[b] = factor * reduction of the b-th piece of x.
template <int kThreads, class X, Reduction kind>
__global__ void reduce_pieces_kernel(const X* x, acc_t<X>* y, int64_t n, int64_t per_block, acc_t<X> factor) {
  using A = acc_t<X>;
  const int64_t begin = int64_t(blockIdx.x) * per_block, end = begin + per_block < n ? begin + per_block : n;
  const A mine = reduce_loop<kind, A>(strided<kThreads>(begin, end), [&](int64_t i) { return A(to_acc(x[i])); });
  const A all = block_reduce<kThreads>(mine, Combine<kind>{});
  if (thread_index<kThreads>() == 0) y[blockIdx.x] = factor * all;
}

/// A block per row.
template <int kThreads, class X, class Y, Reduction kind>
__global__ void reduce_long_rows_kernel(const X* x, Y* y, int64_t cols, acc_t<X> factor, bool accumulate) {
  using A = acc_t<X>;
  x += int64_t(blockIdx.x) * cols;
  const A mine = reduce_loop<kind, A>(strided<kThreads>(cols), [&](int64_t c) { return A(to_acc(x[c])); });
  const A all = block_reduce<kThreads>(mine, Combine<kind>{});
  if (thread_index<kThreads>() == 0) write(y[blockIdx.x], factor * all, accumulate);
}

/// A warp per row.
template <int kThreads, class X, class Y, Reduction kind>
__global__ void reduce_short_rows_kernel(const X* x, Y* y, int64_t rows, int64_t cols, int64_t rows_per_block,
                                         acc_t<X> factor, bool accumulate) {
  using A = acc_t<X>;
  const int64_t first = int64_t(blockIdx.x) * rows_per_block;
  const int64_t here = first + rows_per_block < rows ? rows_per_block : rows - first;
  for (int64_t r : warp_strided<kThreads>(here)) {
    const X* row = x + (first + r) * cols;
    const A mine = reduce_loop<kind, A>(lane_strided<kThreads>(cols), [&](int64_t c) { return A(to_acc(row[c])); });
    const A all = warp_reduce<kThreads>(mine, Combine<kind>{});
    if (lane_index<kThreads>() == 0) write(y[first + r], factor * all, accumulate);
  }
}

template <int kThreads, int W, class X, Reduction kind>
__device__ __forceinline__ void reduce_column_tile(const X* x, acc_t<X>* partial, const ColumnSplit& split) {
  using A = acc_t<X>;
  const ColumnTile<kThreads> tile(split);
  A result[tile.kOwned];
  for (A& r : result) r = identity<kind, A>();
  for (int64_t r = tile.first_row + warp_index<kThreads>(); r < tile.last_row; r += kWarps<kThreads>) {
    const X* row = x + r * split.cols + tile.first_col;
    tile.template for_groups<W>([&](int k, int c) {
      const Vector<X, W> value = load_vector<W>(row + c);
      for_elements<W>(
          [&](int j) { result[k + j] = Combine<kind>{}(result[k + j], term<kind>(A(to_acc(value.at[j])))); });
    });
  }
  tile.template write_results<W>(result, partial + tile.chunk * split.cols, Combine<kind>{});
}

template <int kThreads, class X, Reduction kind>
__global__ void reduce_columns_kernel(const X* x, acc_t<X>* partial, ColumnSplit split) {
  constexpr int kWidth = kColumnWidth<kThreads, X>;
  if (kWidth > 1 && rows_aligned<kWidth>(split, x))
    reduce_column_tile<kThreads, kWidth, X, kind>(x, partial, split);
  else
    reduce_column_tile<kThreads, 1, X, kind>(x, partial, split);
}

/// A block per 32 neighbours of `inner`; its warps share `middle`:
///
///            inner    0       1     ...    31
///   middle 0  warp 0: lane 0  lane 1       lane 31
///   middle 1  warp 1: lane 0  lane 1       lane 31
template <int kThreads, class X, class Y, Reduction kind>
__global__ void reduce_middle_kernel(const X* x, Y* y, int64_t middle, int64_t inner, acc_t<X> factor,
                                     bool accumulate) {
  using A = acc_t<X>;
  constexpr int kOwned = kMiddleTile / kLanes<kThreads>;
  const int64_t tiles = (inner + kMiddleTile - 1) / kMiddleTile;
  const int64_t o = int64_t(blockIdx.x) / tiles, first = (int64_t(blockIdx.x) - o * tiles) * kMiddleTile;
  const int width = int(inner - first < kMiddleTile ? inner - first : kMiddleTile);
  x += o * middle * inner + first;
  y += o * inner + first;

  A result[kOwned];
  for (A& r : result) r = identity<kind, A>();
  for (int64_t m = warp_index<kThreads>(); m < middle; m += kWarps<kThreads>)
    for_each(lane_strided<kThreads>(width), [&](int c) {
      A& r = result[c / kLanes<kThreads>];
      r = Combine<kind>{}(r, A(to_acc(x[m * inner + c])));
    });

  __shared__ A shared[kWarps<kThreads>][kMiddleTile];
  for (int c : lane_strided<kThreads>(width)) shared[warp_index<kThreads>()][c] = result[c / kLanes<kThreads>];
  __syncthreads();  // a column's thread adds what all warps have of it, in the order of warps
  for (int c : strided<kThreads>(width)) {
    A total = shared[0][c];
    for (int w = 1; w < kWarps<kThreads>; ++w) total = Combine<kind>{}(total, shared[w][c]);
    write(y[c], factor * total, accumulate);
  }
}

template <int kThreads, class A, class Y, bool accumulate>
__global__ void spread_middle_kernel(const A* x, Y* y, int64_t n, int64_t middle, int64_t inner, A factor) {
  const auto update = [&](Y& target, A value) {
    target = from_acc<Y>(accumulate ? to_acc(target) + factor * value : factor * value);
  };
  if constexpr (kThreads == 1) {  // runs of neighbours that read neighbours, or one value
    const int64_t begin = int64_t(blockIdx.x) * kTile, end = begin + kTile < n ? begin + kTile : n;
    const int64_t run = inner == 1 ? middle : inner;
    for (int64_t at = begin; at < end;) {
      const int64_t row = at / run, skip = at - row * run;
      const int64_t length = run - skip < end - at ? run - skip : end - at;
      if (inner == 1)
        for_each(strided<1>(length), [&, value = x[row]](int64_t i) { update(y[at + i], value); });
      else
        for_each(strided<1>(length),
                 [&, from = x + row / middle * inner + skip](int64_t i) { update(y[at + i], from[i]); });
      at += length;
    }
  } else {
    for (int64_t i : tile_of<kThreads>(n)) update(y[i], x[i / (middle * inner) * inner + i % inner]);
  }
}

int64_t reduce_all_workspace(int64_t n) { return blocks_for(n, elements_per_block(n)); }

template <class T>
void reduce_all(const T* x, acc_t<T>* y, int64_t n, Reduction kind, acc_t<T>* workspace, cudaStream_t stream) {
  using A = acc_t<T>;
  const int64_t pieces = reduce_all_workspace(n);
  dispatch_reduction(kind, [&]<Reduction k>(std::integral_constant<Reduction, k>) {
    launch<256>(CUCURBIT_KERNEL(reduce_pieces_kernel, T, k), pieces, stream, x, workspace, n, elements_per_block(n),
                A(1));
    launch<256>(CUCURBIT_KERNEL(reduce_pieces_kernel, A, partial_kind(k)), 1, stream, workspace, y, pieces, pieces,
                factor_of<A>(kind, n));
  });
}

namespace {
template <Reduction kind, class X, class Y>
void launch_rows(const X* x, Y* y, int64_t rows, int64_t cols, acc_t<X> factor, bool accumulate, cudaStream_t stream) {
  if (cols >= kLongRow) {
    launch<256>(CUCURBIT_KERNEL(reduce_long_rows_kernel, X, Y, kind), rows, stream, x, y, cols, factor, accumulate);
  } else {
    const int64_t rows_per_block = std::clamp<int64_t>(kLongRow / std::max<int64_t>(cols, 1), 8, 64);
    launch<256>(CUCURBIT_KERNEL(reduce_short_rows_kernel, X, Y, kind), blocks_for(rows, rows_per_block), stream, x, y,
                rows, cols, rows_per_block, factor, accumulate);
  }
}

template <Reduction kind, class X, class Y>
void launch_middle(const X* x, Y* y, int64_t outer, int64_t middle, int64_t inner, acc_t<X> factor, bool accumulate,
                   cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(reduce_middle_kernel, X, Y, kind), outer * blocks_for(inner, kMiddleTile), stream, x, y,
              middle, inner, factor, accumulate);
}
}  // namespace

template <class T>
void reduce_rows(const T* x, acc_t<T>* y, int64_t rows, int64_t cols, Reduction kind, cudaStream_t stream) {
  dispatch_reduction(kind, [&]<Reduction k>(std::integral_constant<Reduction, k>) {
    launch_rows<k>(x, y, rows, cols, factor_of<acc_t<T>>(kind, cols), false, stream);
  });
}

template <class T>
void reduce_columns(const T* x, acc_t<T>* y, int64_t rows, int64_t cols, Reduction kind, bool accumulate,
                    acc_t<T>* workspace, cudaStream_t stream) {
  const ColumnSplit split(rows, cols);
  dispatch_reduction(kind, [&]<Reduction k>(std::integral_constant<Reduction, k>) {
    launch<256>(CUCURBIT_KERNEL(reduce_columns_kernel, T, k), split.blocks(), stream, x, workspace, split);
    launch_middle<partial_kind(k)>(workspace, y, 1, split.partial_rows(), cols, factor_of<acc_t<T>>(kind, rows),
                                   accumulate, stream);
  });
}

template <class X, class Y>
void reduce_middle(const X* x, Y* y, int64_t outer, int64_t middle, int64_t inner, acc_t<X> factor, bool accumulate,
                   cudaStream_t stream) {
  if (inner == 1)
    launch_rows<Reduction::sum>(x, y, outer, middle, factor, accumulate, stream);
  else
    launch_middle<Reduction::sum>(x, y, outer, middle, inner, factor, accumulate, stream);
}

template <class A, class Y>
void spread_middle(const A* x, Y* y, int64_t outer, int64_t middle, int64_t inner, A factor, bool accumulate,
                   cudaStream_t stream) {
  const int64_t n = outer * middle * inner;
  const auto run = [&](auto kernel) {
    launch<256>(kernel, blocks_for(n, kTile), stream, x, y, n, middle, inner, factor);
  };
  if (accumulate)
    run(CUCURBIT_KERNEL(spread_middle_kernel, A, Y, true));
  else
    run(CUCURBIT_KERNEL(spread_middle_kernel, A, Y, false));
}

#define CUCURBIT_INSTANTIATE(T)                                                                                  \
  template void reduce_all(const T*, acc_t<T>*, int64_t, Reduction, acc_t<T>*, cudaStream_t);                    \
  template void reduce_rows(const T*, acc_t<T>*, int64_t, int64_t, Reduction, cudaStream_t);                     \
  template void reduce_columns(const T*, acc_t<T>*, int64_t, int64_t, Reduction, bool, acc_t<T>*, cudaStream_t); \
  template void reduce_middle(const T*, acc_t<T>*, int64_t, int64_t, int64_t, acc_t<T>, bool, cudaStream_t);     \
  template void spread_middle(const acc_t<T>*, T*, int64_t, int64_t, int64_t, acc_t<T>, bool, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE
template void reduce_middle(const bf16*, bf16*, int64_t, int64_t, int64_t, float, bool, cudaStream_t);
template void reduce_middle(const float*, bf16*, int64_t, int64_t, int64_t, float, bool, cudaStream_t);

}  // namespace cucurbit::kernels
