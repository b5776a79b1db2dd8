#pragma once

#include <cstdint>

#include "kernels/types.h"

/// Maps over arrays: one output element per index. All of them are deterministic and accept n = 0.
namespace cucurbit::kernels {

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

}  // namespace cucurbit::kernels
