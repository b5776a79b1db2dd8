#pragma once

#include "kernels/types.h"

/// Moving channels, the columns of matrices [rows, channels]: concatenation, slices, shuffles. Exact and deterministic.
/// T: float, bf16, double.
namespace cucurbit::kernels {

/// y[r, c] = x[r, c], or y[r, c] += with `accumulate`, for c < count: a window of each of two matrices.
///
///   x  the window's first element in a row-major matrix of x_cols columns, y likewise of y_cols columns; the windows
///   do not overlap. count <= x_cols, count <= y_cols.
template <class T>
void copy_columns(const T* x, int x_cols, T* y, int y_cols, int64_t rows, int count, bool accumulate,
                  cudaStream_t stream);

/// y[r, c groups + g] = x[r, g cols / groups + c]: the first columns of all groups, then the second ones. `inverse`:
/// y[r, g cols / groups + c] = x[r, c groups + g]. Adds with `accumulate`.
///
///   x, y [rows, cols]; y aliases nothing. groups divides cols.
template <class T>
void shuffle_columns(const T* x, T* y, int64_t rows, int cols, int groups, bool inverse, bool accumulate,
                     cudaStream_t stream);

/// y[2 i] = a[i], y[2 i + 1] = b[i] for i < n: with a and b [rows, channels] their channels alternate in y.
///
///   y [2 n], aliases nothing.
template <class T>
void interleave(const T* a, const T* b, T* y, int64_t n, cudaStream_t stream);

/// The way back: a[i] = y[2 i], b[i] = y[2 i + 1], or += where the part's `accumulate` is set.
///
///   a, b  null where not needed; they alias nothing.
template <class T>
void deinterleave(const T* y, T* a, bool accumulate_a, T* b, bool accumulate_b, int64_t n, cudaStream_t stream);

}  // namespace cucurbit::kernels
