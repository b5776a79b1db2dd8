#include "kernels/channels.h"
#include "kernels/device/fast_divmod.cuh"
#include "kernels/device/numeric.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/host/launch.h"

namespace cucurbit::kernels {

namespace {
/// The rows of one block: as many as make some thousands of elements.
int64_t rows_per_block(int cols) { return cols < kTile ? kTile / (cols > 0 ? cols : 1) : 1; }

/// f(row, column) for all columns of the block's rows: with many threads neighbours take neighbouring columns across
/// the ends of rows, with one thread a row is a loop that vectorises.
template <int kThreads, class F>
__device__ __forceinline__ void for_rows(int64_t rows, int64_t per_block, const FastDivmod& cols, F f) {
  const int64_t first = int64_t(blockIdx.x) * per_block, last = first + per_block < rows ? first + per_block : rows;
  if constexpr (kThreads == 1) {
    for (int64_t row = first; row < last; ++row)
      for_each(strided<1>(cols.divisor()), [&](int column) { f(row, column); });
  } else {
    for (int i : strided<kThreads>(int(last - first) * cols.divisor())) {
      int column;  // i = row * cols + column, counted over the block's rows laid end to end
      const int row = cols.quotient(i, column);
      f(first + row, column);
    }
  }
}

/// to = from, or to += from.
template <bool accumulate, class T>
__device__ __forceinline__ void move_into(T& to, T from) {
  if constexpr (accumulate)
    to = from_acc<T>(to_acc(to) + to_acc(from));
  else
    to = from;
}
}  // namespace

/// The first columns of each row, between rows of different lengths: `vectors` groups of kWidth neighbours, each moved in
/// one access.
template <int kThreads, int kWidth, bool accumulate, class T>
__global__ void copy_columns_kernel(const T* __restrict__ x, int x_cols, T* __restrict__ y, int y_cols, int64_t rows,
                                    int64_t per_block, FastDivmod vectors) {
  for_rows<kThreads>(rows, per_block, vectors, [&](int64_t row, int vector) {
    const T* const from = x + row * x_cols + vector * kWidth;
    T* const to = y + row * y_cols + vector * kWidth;
    const Vector<T, kWidth> values = load_vector<kWidth>(from);
    Vector<T, kWidth> result;
    if constexpr (accumulate) result = load_vector<kWidth>(to);
    for_elements<kWidth>([&](int k) { move_into<accumulate>(result.at[k], values.at[k]); });
    store_vector<kWidth>(to, result);
  });
}

/// A row is a matrix [groups, width] that is transposed to [width, groups], or back where `inverse`:
///
///   apart      a0 a1 a2 | b0 b1 b2        groups = 2, width = 3
///   together   a0 b0 | a1 b1 | a2 b2
///
/// kGroups is 0 where the number of groups is known only when the program runs; a known number unrolls the loop.
template <int kThreads, int kGroups, bool inverse, bool accumulate, class T>
__global__ void shuffle_columns_kernel(const T* __restrict__ x, T* __restrict__ y, int64_t rows, int64_t per_block,
                                       int groups, FastDivmod width) {
  const int count = kGroups > 0 ? kGroups : groups;
  for_rows<kThreads>(rows, per_block, width, [&](int64_t row, int c) {
    const int64_t begin = row * count * width.divisor();
    for (int g = 0; g < count; ++g) {
      const int64_t apart = begin + int64_t(g) * width.divisor() + c, together = begin + int64_t(c) * count + g;
      const int64_t from = inverse ? together : apart, to = inverse ? apart : together;
      move_into<accumulate>(y[to], x[from]);
    }
  });
}

/// The pair of one element each from a and b: shuffle_columns of two groups that are not yet one matrix.
template <int kThreads, class T>
__global__ void interleave_kernel(const T* __restrict__ a, const T* __restrict__ b, T* __restrict__ y, int64_t n) {
  for_each(tile_of<kThreads>(n), [&](int64_t i) {
    y[2 * i] = a[i];
    y[2 * i + 1] = b[i];
  });
}

template <int kThreads, class T>
__global__ void deinterleave_kernel(const T* __restrict__ y, T* __restrict__ a, bool accumulate_a, T* __restrict__ b,
                                    bool accumulate_b, int64_t n) {
  const auto part = [&](T* into, bool accumulate, const T* from) {
    if (into == nullptr) return;
    if (accumulate)
      for_each(tile_of<kThreads>(n), [&](int64_t i) { move_into<true>(into[i], from[2 * i]); });
    else
      for_each(tile_of<kThreads>(n), [&](int64_t i) { move_into<false>(into[i], from[2 * i]); });
  };
  part(a, accumulate_a, y);
  part(b, accumulate_b, y + 1);
}

template <class T>
void copy_columns(const T* x, int x_cols, T* y, int y_cols, int64_t rows, int count, bool accumulate,
                  cudaStream_t stream) {
  if (count == 0) return;
  const auto run = [&](auto kernel, int vectors) {
    const int64_t per_block = rows_per_block(vectors);
    launch<256>(kernel, blocks_for(rows, per_block), stream, x, x_cols, y, y_cols, rows, per_block,
                FastDivmod(vectors));
  };
  constexpr int kWidth = kVectorWidth<T>;
  const bool whole = x_cols % kWidth == 0 && y_cols % kWidth == 0 && count % kWidth == 0 &&
                     (reinterpret_cast<uintptr_t>(x) | reinterpret_cast<uintptr_t>(y)) % 16 == 0;
  if (whole && accumulate)
    run(CUCURBIT_KERNEL(copy_columns_kernel, kWidth, true, T), count / kWidth);
  else if (whole)
    run(CUCURBIT_KERNEL(copy_columns_kernel, kWidth, false, T), count / kWidth);
  else if (accumulate)
    run(CUCURBIT_KERNEL(copy_columns_kernel, 1, true, T), count);
  else
    run(CUCURBIT_KERNEL(copy_columns_kernel, 1, false, T), count);
}

namespace {
template <int kGroups, class T>
void launch_shuffle(const T* x, T* y, int64_t rows, int cols, int groups, bool inverse, bool accumulate,
                    cudaStream_t stream) {
  const auto run = [&](auto kernel) {
    const int64_t per_block = rows_per_block(cols);
    launch<256>(kernel, blocks_for(rows, per_block), stream, x, y, rows, per_block, groups, FastDivmod(cols / groups));
  };
  if (inverse && accumulate)
    run(CUCURBIT_KERNEL(shuffle_columns_kernel, kGroups, true, true, T));
  else if (inverse)
    run(CUCURBIT_KERNEL(shuffle_columns_kernel, kGroups, true, false, T));
  else if (accumulate)
    run(CUCURBIT_KERNEL(shuffle_columns_kernel, kGroups, false, true, T));
  else
    run(CUCURBIT_KERNEL(shuffle_columns_kernel, kGroups, false, false, T));
}
}  // namespace

template <class T>
void shuffle_columns(const T* x, T* y, int64_t rows, int cols, int groups, bool inverse, bool accumulate,
                     cudaStream_t stream) {
  if (cols == 0) return;
  if (groups == 2)
    launch_shuffle<2>(x, y, rows, cols, groups, inverse, accumulate, stream);
  else if (groups == 3)
    launch_shuffle<3>(x, y, rows, cols, groups, inverse, accumulate, stream);
  else
    launch_shuffle<0>(x, y, rows, cols, groups, inverse, accumulate, stream);
}

template <class T>
void interleave(const T* a, const T* b, T* y, int64_t n, cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(interleave_kernel, T), blocks_for(n, kTile), stream, a, b, y, n);
}

template <class T>
void deinterleave(const T* y, T* a, bool accumulate_a, T* b, bool accumulate_b, int64_t n, cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(deinterleave_kernel, T), blocks_for(n, kTile), stream, y, a, accumulate_a, b,
              accumulate_b, n);
}

#define CUCURBIT_INSTANTIATE(T)                                                         \
  template void interleave(const T*, const T*, T*, int64_t, cudaStream_t);              \
  template void deinterleave(const T*, T*, bool, T*, bool, int64_t, cudaStream_t);      \
  template void copy_columns(const T*, int, T*, int, int64_t, int, bool, cudaStream_t); \
  template void shuffle_columns(const T*, T*, int64_t, int, int, bool, bool, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
