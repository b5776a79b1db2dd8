#pragma once

#include <cstdint>

#include "kernels/types.h"

/// Maps over arrays: one output element per index. All of them are deterministic and accept n = 0.
namespace cucurbit {

/// Functions of one value. The derivative of |x| at 0 is 0.
enum class Unary : uint8_t { exp, log, sqrt, square, abs, neg };

/// True if the derivative is computed from the result y (exp, sqrt), false if from the operand x.
constexpr bool needs_result(Unary op) { return op == Unary::exp || op == Unary::sqrt; }

namespace kernels {

/// y[i] = value, rounded to T. y [n]; overwritten. T: float, bf16, double, int32_t, int64_t, uint8_t.
template <class T>
void fill(T* y, int64_t n, double value, cudaStream_t stream);

/// y[i] = x[i] in another element type, rounded to nearest.
///
///   x [n], y [n]: y is overwritten; it may be x if the types have the same size, else they must not overlap.
///
/// From: float, bf16, double, uint8_t; To: float, bf16, double.
template <class From, class To>
void cast(const From* x, To* y, int64_t n, cudaStream_t stream);

/// y[i] += x[i], computed in double if either is double, else in float, and rounded to To once.
///
///   x [n], y [n]: y may be x if the types are the same.
///
/// From, To: float, bf16, double.
template <class From, class To>
void add_into(const From* x, To* y, int64_t n, cudaStream_t stream);

/// y[i] = op(x[i]).   x, y [n]; y is overwritten and may be x.   T: float, bf16 (computed in float), double.
template <class T>
void unary(Unary op, const T* x, T* y, int64_t n, cudaStream_t stream);

/// dx[i] = dy[i] op'(x[i]), or dx[i] += with `accumulate`.
///
///   dy, dx [n]; dx may be dy if not accumulating.   saved [n]: y if needs_result(op), else x.
template <class T>
void unary_backward(Unary op, const T* dy, const T* saved, T* dx, int64_t n, bool accumulate, cudaStream_t stream);

/// y[i] = factor * x[i] + offset, or y[i] += with `accumulate`.   x, y [n]; y may be x if not accumulating.
template <class T>
void scale(const T* x, T* y, int64_t n, double factor, double offset, bool accumulate, cudaStream_t stream);

}  // namespace kernels
}  // namespace cucurbit
