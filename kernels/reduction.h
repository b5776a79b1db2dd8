#pragma once

#include "kernels/columns.h"
#include "kernels/types.h"

/// Sums, means and maxima. T: float, bf16, double; results have type A = acc_t<T> and are computed in it. All are
/// deterministic: partial results are combined in a fixed order.
namespace cucurbit {

/// What is computed of n values. The empty sum is 0, the empty mean NaN, the empty maximum -infinity. The maximum of
/// values with a NaN among them is NaN.
enum class Reduction : uint8_t { sum, sum_of_squares, mean, max };

namespace kernels {

/// Elements of type A that reduce_all needs as workspace for n values.
int64_t reduce_all_workspace(int64_t n);

/// y[0] = reduction of x[0..n).   x [n]; y [1], overwritten.   workspace: reduce_all_workspace(n) elements.
template <class T>
void reduce_all(const T* x, acc_t<T>* y, int64_t n, Reduction kind, acc_t<T>* workspace, cudaStream_t stream);

/// y[r] = reduction of x[r, 0..cols).   x [rows, cols] row-major; y [rows], overwritten.
template <class T>
void reduce_rows(const T* x, acc_t<T>* y, int64_t rows, int64_t cols, Reduction kind, cudaStream_t stream);

/// y[c] = reduction of x[0..rows, c], or y[c] += with `accumulate` (not for max).
///
///   x [rows, cols] row-major; y [cols].   workspace: ColumnSplit(rows, cols).partials() elements.
template <class T>
void reduce_columns(const T* x, acc_t<T>* y, int64_t rows, int64_t cols, Reduction kind, bool accumulate,
                    acc_t<T>* workspace, cudaStream_t stream);

/// y[o,i] = factor * sum_m x[o,m,i], or y += with `accumulate`. The second stage of column sums, and the sum over one
/// axis between others.
///
///   x [outer, middle, inner] row-major; y [outer, inner]; they must not overlap.   Y: T or A.
///
/// A block sums all of `middle` for 32 neighbours: where outer is 1 and middle is long, reduce_columns is faster.
template <class X, class Y>
void reduce_middle(const X* x, Y* y, int64_t outer, int64_t middle, int64_t inner, acc_t<X> factor, bool accumulate,
                   cudaStream_t stream);

/// y[o,m,i] = factor * x[o,i], or y += with `accumulate`: the transpose of reduce_middle, the backward pass of sums.
///
///   x [outer, inner]; y [outer, middle, inner] row-major.   Y: a type with acc_t<Y> = A.
template <class A, class Y>
void spread_middle(const A* x, Y* y, int64_t outer, int64_t middle, int64_t inner, A factor, bool accumulate,
                   cudaStream_t stream);

}  // namespace kernels
}  // namespace cucurbit
