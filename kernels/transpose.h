#pragma once

#include <cstdint>

#include "kernels/types.h"

namespace cucurbit::kernels {

/// y[n,c,r] = x[n,r,c].
///
///   x [batch, rows, cols], y [batch, cols, rows], row-major; they must not overlap.
///
/// NCHW to NHWC is rows = C, cols = H * W; the way back rows = H * W, cols = C. T: float, bf16, double, uint8_t.
template <class T>
void transpose(const T* x, T* y, int64_t batch, int64_t rows, int64_t cols, cudaStream_t stream);

}  // namespace cucurbit::kernels
