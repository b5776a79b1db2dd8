#pragma once

#include "kernels/device/numeric.cuh"
#include "kernels/device/pack.cuh"
#include "kernels/device/ranges.cuh"

/// One block's tile of a matrix product, shared by the GEMM and the implicit-GEMM convolutions: operands are staged in
/// shared memory slice by slice of the summed index k; every thread accumulates micro-tiles of rows x packs in
/// registers.
///
/// With 256 threads a thread has one micro-tile, its rows and columns in groups of one pack that lie apart by the width
/// of all threads' groups: 128-bit reads of shared memory without bank conflicts. With one thread the micro-tile fills
/// the vector registers and the thread walks over all of the tile.
namespace cucurbit {

/// Rows and columns of a block's tile: the same for every number of threads, so that a launcher knows the grid.
template <bool kWide>
inline constexpr int kTileSide = kWide ? 128 : 64;

/// kWide selects 8x8 values a thread instead of 4x4.
template <int kThreads, class A, bool kWide>
struct TileShape {
  using Value = A;
  static constexpr int kPack = Pack<kThreads, A>::kSize;
  static constexpr int kSide = 16;                      // threads along either side
  static constexpr int kRows = kWide ? 8 : 4;           // of a micro-tile
  static constexpr int kPacks = kRows / kPack;          // of a micro-tile
  static constexpr int kM = kTileSide<kWide>, kN = kM;  // of the tile
  static constexpr int kK = kWide ? 8 : 16;             // of a slice
  static constexpr int kMicroTiles = 1;
  static_assert(kThreads == kSide * kSide && kSide * kRows == kM);

  // One pack of padding: transposing stores of a warp fall into different banks.
  template <bool kRowsAdjacent>
  struct PlaceA {
    static_assert(kRowsAdjacent);
    __host__ __device__ static constexpr int at(int m, int k) { return k * (kM + kPack) + m; }
  };
  struct PlaceB {
    __host__ __device__ static constexpr int at(int n, int k) { return k * (kN + kPack) + n; }
  };
  static constexpr int kSizeA = kK * (kM + kPack), kSizeB = kK * (kN + kPack);

  __device__ static int row(int i) {
    return i / kPack * (kSide * kPack) + int(threadIdx.x) / kSide * kPack + i % kPack;
  }
  __device__ static int column(int p) { return (p * kSide + int(threadIdx.x) % kSide) * kPack; }
};

/// One thread: A is staged as it lies in memory, columns of B lie in panels as wide as a micro-tile.
template <class A, bool kWide>
struct TileShape<1, A, kWide> {
  using Value = A;
  static constexpr int kPack = Pack<1, A>::kSize;
  static constexpr int kRows = kVectorRegisters == 32 ? 8 : 4;
  static constexpr int kPacks = 2;
  static constexpr int kM = kTileSide<kWide>, kN = kM;
  static constexpr int kK = 512 / sizeof(A);
  static constexpr int kPanel = kPacks * kPack;
  static constexpr int kPanels = kN / kPanel, kStrips = kM / kRows;
  static constexpr int kMicroTiles = kPanels * kStrips;

  // One pack of padding: equal k of successive rows fall into different sets of the cache.
  template <bool kRowsAdjacent>
  struct PlaceA {
    static constexpr int at(int m, int k) { return kRowsAdjacent ? k * kM + m : m * (kK + kPack) + k; }
  };
  struct PlaceB {
    static constexpr int at(int n, int k) { return n / kPanel * (kK * kPanel) + k * kPanel + n % kPanel; }
  };
  static constexpr int kSizeA = kM * (kK + kPack), kSizeB = kN * kK;
};

/// The block's slices of A and B. One pair per shape, not per kernel: on softgpu they are memory of every OS thread.
template <class Shape>
__device__ __forceinline__ typename Shape::Value* slice_of_a() {
  alignas(64) __shared__ typename Shape::Value slice[Shape::kSizeA];
  return slice;
}
template <class Shape>
__device__ __forceinline__ typename Shape::Value* slice_of_b() {
  alignas(64) __shared__ typename Shape::Value slice[Shape::kSizeB];
  return slice;
}

/// Adjacent elements in memory; a null pointer stands for zeros.
template <class T>
struct Span {
  const T* data;
  int count;
};

/// How far places in a slice are evenly spaced along the fast index, beginning at a multiple of the result.
template <int kFast, class Place>
constexpr int run_length() {
  int run = 1;
  while (run < kFast && Place::at(0, run) - Place::at(0, run - 1) == Place::at(0, 1) - Place::at(0, 0)) ++run;
  return run;
}

/// Copies the window [0, slow_live) x [0, fast_live) of `source` to slice[Place::at(slow, fast)], in the accumulator's
/// type. With many threads the rest of kSlow x kFast becomes zero; one thread never reads the rest.
///
/// source.row(slow) prepares a row, source.span(row, fast) is the run of adjacent elements that begins at `fast`.
template <int kThreads, class Place, int kSlow, int kFast, class A, class Source>
__device__ __forceinline__ void stage(const Source& source, int slow_live, int fast_live, A* slice) {
  if constexpr (kThreads == 1) {
    constexpr int kStep = Place::at(0, 1) - Place::at(0, 0), kRun = run_length<kFast, Place>();
    for (int i = 0; i < slow_live; ++i) {
      const auto row = source.row(i);
      for (int j = 0; j < fast_live;) {
        const auto span = source.span(row, j);
        int count = kRun - j % kRun;
        count = count < span.count ? count : span.count;
        count = count < fast_live - j ? count : fast_live - j;
        A* __restrict__ out = slice + Place::at(i, j);
        if (span.data)
          for (int x = 0; x < count; ++x) out[x * kStep] = to_acc(span.data[x]);
        else
          for (int x = 0; x < count; ++x) out[x * kStep] = 0;
        j += count;
      }
    }
  } else {
    static_assert(kSlow * kFast % kThreads == 0);
#pragma unroll
    for (int step = 0; step < kSlow * kFast / kThreads; ++step) {
      const int item = step * kThreads + int(threadIdx.x);
      const int i = item / kFast, j = item % kFast;
      A value = 0;
      if (i < slow_live && j < fast_live)
        if (const auto span = source.span(source.row(i), j); span.data) value = to_acc(*span.data);
      slice[Place::at(i, j)] = value;
    }
  }
}

template <class Place>
struct Swapped {
  __host__ __device__ static constexpr int at(int i, int j) { return Place::at(j, i); }
};

/// A plain matrix as source: rows of `ld` elements.
template <class T>
struct MatrixRows {
  const T* data;
  int64_t ld;
  __device__ const T* row(int i) const { return data + i * ld; }
  __device__ Span<T> span(const T* row, int j) const { return {row + j, INT32_MAX}; }
};

/// Operands say how they are staged: `outer` is the row of A or the column of B, `k` the summed index; Place::at(outer,
/// k) is the place in the slice.
template <class T>
struct MatrixOperand {
  const T* data;
  int64_t ld;
  bool k_adjacent;  // elements that differ by one in k are neighbours in memory; else those that differ by one in outer

  template <int kThreads, class Place, int kOuter, int kK, class A>
  __device__ void stage_slice(int64_t outer, int outer_live, int64_t k, int k_live, A* slice) const {
    if (k_adjacent)
      stage<kThreads, Place, kOuter, kK>(MatrixRows<T>{data + outer * ld + k, ld}, outer_live, k_live, slice);
    else
      stage<kThreads, Swapped<Place>, kK, kOuter>(MatrixRows<T>{data + k * ld + outer, ld}, k_live, outer_live, slice);
  }
};

/// c = alpha * sum + beta * c, rows of `ld` elements; with beta == 0 c is not read.
template <class C, class A>
struct MatrixResult {
  C* data;
  int64_t ld;
  A alpha, beta;

  __device__ void write(int64_t row, int64_t column, const A* sums, int count) const {
    C* __restrict__ c = data + row * ld + column;
    if (beta == 0)
      for (int x = 0; x < count; ++x) c[x] = from_acc<C>(alpha * sums[x]);
    else
      for (int x = 0; x < count; ++x) c[x] = from_acc<C>(alpha * sums[x] + beta * to_acc(c[x]));
  }
};

/// Where a block works: its first row, column and k, and how many there are of each.
struct TileExtent {
  int64_t m, n, k, k_end;
  int m_live, n_live;
};

/// Adds one slice's products to one micro-tile of kRows x kLive packs.
template <int kThreads, class Shape, bool kRowsAdjacent, int kLive, class A>
__device__ __forceinline__ void multiply_slice(pack_t<kThreads, A> (&sums)[Shape::kRows][Shape::kPacks], const A* a,
                                               const A* b, int depth) {
  if constexpr (kThreads == 1) {
    pack_t<1, A> held[Shape::kRows][kLive];
    for (int i = 0; i < Shape::kRows; ++i)
      for (int p = 0; p < kLive; ++p) held[i][p] = sums[i][p];
    for (int k = 0; k < depth; ++k) {
      pack_t<1, A> columns[kLive];
      for (int p = 0; p < kLive; ++p) columns[p] = load_pack<1>(b + k * Shape::kPanel + p * Shape::kPack);
      for (int i = 0; i < Shape::kRows; ++i)
        for (int p = 0; p < kLive; ++p)
          multiply_add<1, A>(held[i][p], a[Shape::template PlaceA<kRowsAdjacent>::at(i, k)], columns[p]);
    }
    for (int i = 0; i < Shape::kRows; ++i)
      for (int p = 0; p < kLive; ++p) sums[i][p] = held[i][p];
  } else {
#pragma unroll
    for (int k = 0; k < Shape::kK; ++k) {
      pack_t<kThreads, A> rows[Shape::kRows / Shape::kPack], columns[kLive];
#pragma unroll
      for (int i = 0; i < Shape::kRows / Shape::kPack; ++i)
        rows[i] = load_pack<kThreads>(a + Shape::template PlaceA<kRowsAdjacent>::at(Shape::row(i * Shape::kPack), k));
#pragma unroll
      for (int p = 0; p < kLive; ++p) columns[p] = load_pack<kThreads>(b + Shape::PlaceB::at(Shape::column(p), k));
#pragma unroll
      for (int i = 0; i < Shape::kRows; ++i)
#pragma unroll
        for (int p = 0; p < kLive; ++p)
          multiply_add<kThreads, A>(sums[i][p], rows[i / Shape::kPack].lanes[i % Shape::kPack], columns[p]);
    }
  }
}

/// One thread: every micro-tile that has rows and columns within the extent. The panel of B stays in the first cache.
template <class Shape, class F>
inline void for_micro_tiles(const TileExtent& extent, F f) {
  for (int panel = 0; panel * Shape::kPanel < extent.n_live; ++panel)
    for (int strip = 0; strip * Shape::kRows < extent.m_live; ++strip)
      f(panel * Shape::kStrips + strip, strip * Shape::kRows, panel * Shape::kPanel);
}

template <int kThreads, class Shape, bool kRowsAdjacent, class A, class Sums>
__device__ __forceinline__ void multiply_slices(const TileExtent& extent, int depth, const A* a, const A* b,
                                                Sums& sums) {
  if constexpr (kThreads == 1) {
    for_micro_tiles<Shape>(extent, [&](int tile, int row, int column) {
      const A *rows = a + Shape::template PlaceA<kRowsAdjacent>::at(row, 0),
              *columns = b + Shape::PlaceB::at(column, 0);
      if (extent.n_live - column > Shape::kPack)
        multiply_slice<1, Shape, kRowsAdjacent, 2>(sums[tile], rows, columns, depth);
      else
        multiply_slice<1, Shape, kRowsAdjacent, 1>(sums[tile], rows, columns, depth);
    });
  } else {
    multiply_slice<kThreads, Shape, kRowsAdjacent, Shape::kPacks>(sums[0], a, b, depth);
  }
}

template <int kThreads, class Shape, class Result, class Sums>
__device__ __forceinline__ void write_tile(const TileExtent& extent, const Result& result, const Sums& sums) {
  using A = typename Shape::Value;
  if constexpr (kThreads == 1) {
    for_micro_tiles<Shape>(extent, [&](int tile, int row, int column) {
      const int columns = extent.n_live - column < Shape::kPanel ? extent.n_live - column : Shape::kPanel;
      for (int i = 0; i < Shape::kRows && row + i < extent.m_live; ++i)
        result.write(extent.m + row + i, extent.n + column, reinterpret_cast<const A*>(&sums[tile][i][0]), columns);
    });
  } else {
#pragma unroll
    for (int i = 0; i < Shape::kRows; ++i)
#pragma unroll
      for (int p = 0; p < Shape::kPacks; ++p)
#pragma unroll
        for (int lane = 0; lane < Shape::kPack; ++lane)
          if (Shape::row(i) < extent.m_live && Shape::column(p) + lane < extent.n_live)
            result.write(extent.m + Shape::row(i), extent.n + Shape::column(p) + lane, &sums[0][i][p].lanes[lane], 1);
  }
}

template <int kThreads, class Shape, bool kRowsAdjacent, class OperandA, class OperandB, class Result>
__device__ __forceinline__ void multiply_staged(const OperandA& a, const OperandB& b, const TileExtent& extent,
                                                const Result& result) {
  using A = typename Shape::Value;
  using PlaceA = typename Shape::template PlaceA<kRowsAdjacent>;
  using PlaceB = typename Shape::PlaceB;
  A *slice_a = slice_of_a<Shape>(), *slice_b = slice_of_b<Shape>();
  pack_t<kThreads, A> sums[Shape::kMicroTiles][Shape::kRows][Shape::kPacks] = {};
  for (int64_t k = extent.k; k < extent.k_end; k += Shape::kK) {
    const int depth = extent.k_end - k < Shape::kK ? int(extent.k_end - k) : Shape::kK;
    if constexpr (kThreads > 1) __syncthreads();  // the previous slice is still being read
    a.template stage_slice<kThreads, PlaceA, Shape::kM, Shape::kK>(extent.m, extent.m_live, k, depth, slice_a);
    b.template stage_slice<kThreads, PlaceB, Shape::kN, Shape::kK>(extent.n, extent.n_live, k, depth, slice_b);
    if constexpr (kThreads > 1) __syncthreads();  // every thread multiplies what all of them staged
    multiply_slices<kThreads, Shape, kRowsAdjacent>(extent, depth, slice_a, slice_b, sums);
  }
  write_tile<kThreads, Shape>(extent, result, sums);
}

/// result = a b over `extent`, by all threads of the block. Sums run over k in ascending order: deterministic.
template <int kThreads, class Shape, class OperandA, class OperandB, class Result>
__device__ __forceinline__ void multiply_tile(const OperandA& a, const OperandB& b, const TileExtent& extent,
                                              const Result& result) {
  if constexpr (kThreads == 1) {
    if (a.k_adjacent) return multiply_staged<1, Shape, false>(a, b, extent, result);
  }
  multiply_staged<kThreads, Shape, true>(a, b, extent, result);
}

}  // namespace cucurbit
