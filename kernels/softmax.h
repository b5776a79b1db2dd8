#pragma once

#include <cstdint>

#include "kernels/types.h"

namespace cucurbit::kernels {

/// Row-wise softmax: y[r,c] = exp(x[r,c] - m_r) / sum_c exp(x[r,c] - m_r), m_r = max_c x[r,c].
///
///   x, y  [rows, cols] row-major; y is overwritten and may be x. rows >= 0, cols >= 1.
///
/// A row holding NaN or +inf becomes NaN. T: float, bf16, double; computed in acc_t<T>. Deterministic.
template <class T>
void softmax(const T* x, T* y, int64_t rows, int cols, cudaStream_t stream);

/// dx[r,c] = y[r,c] (dy[r,c] - sum_c y[r,c] dy[r,c]), where y is what softmax gave.
///
///   y, dy, dx  [rows, cols] row-major; dx is overwritten, or added to if `accumulate`, and may be dy.
template <class T>
void softmax_backward(const T* y, const T* dy, T* dx, int64_t rows, int cols, bool accumulate, cudaStream_t stream);

/// Row-wise logarithm of softmax: y[r,c] = (x[r,c] - m_r) - ln sum_c exp(x[r,c] - m_r). Arguments as of softmax.
template <class T>
void log_softmax(const T* x, T* y, int64_t rows, int cols, cudaStream_t stream);

/// dx[r,c] = dy[r,c] - exp(y[r,c]) sum_c dy[r,c], where y is what log_softmax gave. Arguments as of softmax_backward.
template <class T>
void log_softmax_backward(const T* y, const T* dy, T* dx, int64_t rows, int cols, bool accumulate, cudaStream_t stream);

}  // namespace cucurbit::kernels
