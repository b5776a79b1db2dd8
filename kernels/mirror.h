#pragma once

#include "kernels/types.h"

namespace cucurbit::kernels {

/// y[n,h,w,c] = x[n,h,W-1-w,c]: images mirrored left to right.
///
///   x, y  [N, height, width, channels], rows = N height; y is overwritten and overlaps x nowhere.
///
/// T: float, bf16, double. Deterministic.
template <class T>
void mirror(const T* x, T* y, int64_t rows, int64_t width, int64_t channels, cudaStream_t stream);

}  // namespace cucurbit::kernels
