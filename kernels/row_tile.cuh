#pragma once

#include "kernels/device/numeric.cuh"
#include "kernels/device/reduce.cuh"

namespace cucurbit::kernels {

/// A value for each row that a thread works on: one on a GPU, one a vector lane in a one-thread block.
template <class A, int kWidth>
struct PerRow {
  A at[kWidth];
  __device__ __forceinline__ A& operator[](int w) { return at[w]; }
  __device__ __forceinline__ A operator[](int w) const { return at[w]; }
};

/// Short rows, of at most kColumns columns, of a row-major [rows, cols] matrix, held in registers.
///
/// On a GPU kLanesPerRow neighbouring lanes of a warp share a row, as many as the row has columns and 32 at most, so a
/// block holds kThreads / kLanesPerRow rows at once; element k of a lane is column k * kLanesPerRow + lane:
///
///     kColumns = 8                                      kColumns = 128
///       lanes  0-7    row 0, columns 0-7                  element 0   columns  0-31 of the row, one to a lane
///       lanes  8-15   row 1, columns 0-7                  element 1   columns 32-63
///       lanes 16-23   row 2, columns 0-7                  element 2   columns 64-95
///       lanes 24-31   row 3, columns 0-7                  element 3   columns 96-127
///
/// In a one-thread block the 16 lanes of a CPU's vector register play the part of CUDA's lanes. Rows of at most 32
/// columns lie side by side, a row to a vector lane; of a longer row, the vector lanes hold 16 neighbouring columns:
///
///     at most 32 columns                                more columns
///       element k, lane w   row w, column k               element k, lane w   column 16 k + w of the only row
///
/// Loops are over elements (k, w) with w innermost: w is a vector lane, always 0 on a GPU.
///
///     for (Tile tile(first, last, cols); tile.any(); tile.next()) {
///       tile.load(x, values, pad);
///       PerRow<A, Tile::kWidth> sum{};
///       tile.each([&](int k, int w) { sum[w] += values[k][w]; });
///       tile.reduce(sum, Add{});              // sum[w] is now the whole sum of w's row
///       tile.store(y, false, [&](int k, int w) { return values[k][w] / sum[w]; });
///     }
///
/// Every thread of a block makes the same number of rounds, so that shuffles always find their partners; rows past
/// `last` are padding.
template <int kThreads, int kColumns>
class RowTile {
 public:
  static constexpr bool kSerial = kThreads == 1;
  static constexpr int kLanesPerRow = kColumns < kWarp ? kColumns : kWarp;
  static constexpr int kPerLane = kColumns / kLanesPerRow;
  static constexpr bool kSideBySide = kSerial && kColumns <= 32;
  static constexpr int kWidth = kSerial ? 16 : 1;
  static constexpr int kRows = kSideBySide ? kWidth : 1;  // rows a thread holds at once
  static constexpr int kSteps = kSideBySide ? kColumns : kSerial ? (kColumns + kWidth - 1) / kWidth : kPerLane;
  static_assert(kSerial || kThreads % kLanesPerRow == 0);

  __device__ __forceinline__ RowTile(int64_t first, int64_t last, int cols) : base_(first), last_(last), cols_(cols) {}

  __device__ __forceinline__ bool any() const { return base_ < last_; }
  __device__ __forceinline__ void next() { base_ += kRowsAtOnce; }

  /// Row r < kRows of this thread, and whether it exists.
  __device__ __forceinline__ int64_t row(int r = 0) const { return base_ + group() + r; }
  __device__ __forceinline__ bool has_row(int r = 0) const { return row(r) < last_; }
  /// True for the one thread that speaks for a row.
  __device__ __forceinline__ bool leads() const { return kSerial || thread_index<kThreads>() % kLanesPerRow == 0; }
  __device__ __forceinline__ int column(int k, int w) const {
    return kSideBySide ? k : kSerial ? k * kWidth + w : k * kLanesPerRow + lane();
  }

  /// f(k, w) for all elements of this thread, padding included.
  template <class F>
  __device__ __forceinline__ void each(F f) const {
    const int steps = kSideBySide ? used() : kSerial ? (cols_ + kWidth - 1) / kWidth : kPerLane;
#pragma unroll
    for (int k = 0; k < steps; ++k)
#pragma unroll
      for (int w = 0; w < kWidth; ++w) f(k, w);
  }

  /// values[k][w] = x at (row, column), or `pad` outside of the matrix.
  template <class T, class A>
  __device__ __forceinline__ void load(const T* x, A (&values)[kSteps][kWidth], A pad) const {
    place([&](int k, int w, int64_t offset) { values[k][w] = to_acc(x[offset]); },
          [&](int k, int w) { values[k][w] = pad; });
  }

  /// y at (row, column) = value(k, w), or += if `accumulate`.
  template <class T, class F>
  __device__ __forceinline__ void store(T* __restrict__ y, bool accumulate, F value) const {
    if (accumulate)
      place([&](int k, int w, int64_t at) { y[at] = from_acc<T>(to_acc(y[at]) + value(k, w)); }, [](int, int) {});
    else
      place([&](int k, int w, int64_t at) { y[at] = from_acc<T>(value(k, w)); }, [](int, int) {});
  }

  /// Copies what stands at the thread's only row to every lane of it; rows that lie side by side have their own.
  template <class A>
  __device__ __forceinline__ void spread(PerRow<A, kWidth>& value) const {
    if constexpr (!kSideBySide)
      for (int w = 1; w < kWidth; ++w) value[w] = value[0];
  }

  /// Combines what the lanes of a row have, in a fixed order; all of them get the result. Shuffles need no barrier: the
  /// lanes of a row are neighbours in one warp, and an offset below kLanesPerRow never leaves the row.
  template <class A, class Op>
  __device__ __forceinline__ void reduce(PerRow<A, kWidth>& value, Op op) const {
    if constexpr (kSideBySide) {
      return;
    } else if constexpr (kSerial) {
      fold<kWidth / 2>(value, op);
      spread(value);
    } else {
#pragma unroll
      for (int offset = kLanesPerRow / 2; offset > 0; offset /= 2)
        value[0] = op(value[0], __shfl_xor_sync(kFullMask, value[0], offset));
    }
  }

  template <class... Sums>
  __device__ __forceinline__ void sum(Sums&... sums) const {
    (reduce(sums, Add{}), ...);
  }

 private:
  static constexpr int kRowsAtOnce = kSerial ? kRows : kThreads / kLanesPerRow;

  __device__ __forceinline__ static int group() { return kSerial ? 0 : thread_index<kThreads>() / kLanesPerRow; }
  __device__ __forceinline__ static int lane() { return thread_index<kThreads>() % kLanesPerRow; }

  /// All columns; the bound tells the compiler that k stays within the arrays.
  __device__ __forceinline__ int used() const { return cols_ < kColumns ? cols_ : kColumns; }

  template <int kHalf, class A, class Op>
  __device__ __forceinline__ static void fold(PerRow<A, kWidth>& value, Op op) {
    for (int w = 0; w < kHalf; ++w) value[w] = op(value[w], value[w + kHalf]);
    if constexpr (kHalf > 1) fold<kHalf / 2>(value, op);
  }

  /// inside(k, w, offset of the element) or outside(k, w) for each element. Whole vectors go without a test, or g++
  /// would not make vectors of them. Side by side, row w begins w * cols_ elements after the first: a gather.
  template <class Inside, class Outside>
  __device__ __forceinline__ void place(Inside inside, Outside outside) const {
    const int64_t start = row() * cols_;
    if constexpr (kSideBySide) {
      if (last_ - base_ >= kWidth) {
        for (int k = 0; k < used(); ++k)
          for (int w = 0; w < kWidth; ++w) inside(k, w, start + (w * cols_ + k));
      } else {
        for (int k = 0; k < used(); ++k)
          for (int w = 0; w < kWidth; ++w) has_row(w) ? inside(k, w, start + (w * cols_ + k)) : outside(k, w);
      }
    } else if constexpr (kSerial) {
      const int whole = cols_ / kWidth;
      for (int k = 0; k < whole; ++k)
        for (int w = 0; w < kWidth; ++w) inside(k, w, start + k * kWidth + w);
      if (whole * kWidth < cols_)
        for (int w = 0; w < kWidth; ++w)
          whole* kWidth + w < cols_ ? inside(whole, w, start + whole * kWidth + w) : outside(whole, w);
    } else {
#pragma unroll
      for (int k = 0; k < kPerLane; ++k) {
        const bool exists = column(k, 0) < cols_ && has_row();
        exists ? inside(k, 0, start + column(k, 0)) : outside(k, 0);
      }
    }
  }

  int64_t base_, last_;
  int cols_;
};

/// The most columns of a tile: 256 in double precision, where 1024 would not fit in the registers of a thread.
template <class A>
inline constexpr int kMostTileColumns = std::is_same_v<A, double> ? 256 : 1024;

/// The columns of the tile that a kernel of kThreads threads uses where one of many threads uses tiles of kColumns
/// columns. A one-thread block has no lanes whose number could differ: it knows one tile of rows side by side and one
/// of longer rows, so that two kernels are compiled for it and not six.
template <class A, int kThreads, int kColumns>
inline constexpr int tile_columns = kThreads > 1     ? kColumns
                                    : kColumns <= 32 ? 32
                                                     : kMostTileColumns<A>;

/// Calls f<kColumns>() for the smallest tile that holds `cols` columns of computed type A. Returns false, calling
/// nothing, if none does: a whole block then works on a row.
template <class A, class F>
bool with_row_tile(int cols, F f) {
  const auto fits = [&]<int kColumns>() {
    if constexpr (kColumns > kMostTileColumns<A>) {
      return false;
    } else {
      if (cols > kColumns) return false;
      f.template operator()<kColumns>();
      return true;
    }
  };
  return fits.template operator()<8>() || fits.template operator()<16>() || fits.template operator()<32>() ||
         fits.template operator()<128>() || fits.template operator()<256>() || fits.template operator()<1024>();
}

/// Columns that a block takes at once of a row which is too long for a tile: what stays in registers on a GPU and in
/// the first-level cache of a CPU.
template <int kThreads>
inline constexpr int kLongRowChunk = kThreads == 1 ? 2048 : 8 * kThreads;

/// Rows of `cols` columns that one block works through: some thousand elements, and a row for each warp at least.
inline int rows_per_block(int cols) {
  const int rows = 4096 / (cols < 1 ? 1 : cols);
  return rows < 8 ? 8 : rows > 128 ? 128 : rows;
}

}  // namespace cucurbit::kernels
