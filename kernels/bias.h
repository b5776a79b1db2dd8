#pragma once

#include "kernels/activation.h"
#include "kernels/columns.h"

/// A bias per column and the activation after it, in one pass. T: float, bf16 (computed in float), double; biases and
/// their gradients have type acc_t<T>. Deterministic.
namespace cucurbit::kernels {

/// y[r,c] = act(x[r,c] + bias[c]).
///
///   x, y [rows, cols] row-major; y is overwritten and may be x.   bias [cols].
template <class T>
void bias_activation(const T* x, const acc_t<T>* bias, T* y, int64_t rows, int64_t cols, Activation kind,
                     cudaStream_t stream);

/// g[r,c] = dy[r,c] act'(x[r,c] + bias[c]);  dx = g or dx += g;  dbias[c] = sum_r g[r,c] or +=.
///
///   dy, dx [rows, cols] row-major; dx may be dy or `saved` if not accumulating.
///   saved [rows, cols]: x, the values before the bias, if needs_input(kind); else y. Not read for identity.
///   bias, dbias [cols]: bias is read only if needs_input(kind); dbias may be null if not needed.
///   workspace: ColumnSplit(rows, cols).partials() elements, contents undefined afterwards; unused without dbias.
///
/// dbias sums the unrounded g, in two stages of fixed order.
template <class T>
void bias_activation_backward(const T* dy, const T* saved, const acc_t<T>* bias, T* dx, bool accumulate_dx,
                              acc_t<T>* dbias, bool accumulate_dbias, int64_t rows, int64_t cols, Activation kind,
                              acc_t<T>* workspace, cudaStream_t stream);

}  // namespace cucurbit::kernels
