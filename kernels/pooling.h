#pragma once

#include "kernels/types.h"

/// Pooling of NHWC maps. All functions are deterministic: a backward pass sums, for each pixel of the input, over the
/// windows that contain it, in row-major order of the windows.
namespace cucurbit::kernels {

/// Windows of kernel x kernel, `stride` apart, over x [batch, height, width, channels] padded by `padding` on each
/// side: y [batch, out_height, out_width, channels], out = (size + 2 padding - kernel) / stride + 1. 2 padding <=
/// kernel, so that every window holds a pixel.
struct PoolWindows {
  int64_t batch;
  int height, width, channels, out_height, out_width;
  int kernel, stride, padding;
};

/// Positions in a window that a uint8_t can tell apart.
inline constexpr int kMostWindowPositions = 256;

/// y = the largest value of each window, and where it lay: r * kernel + s, in a byte. The byte costs less than to find
/// the maximum again, for which a backward pass would read x and y over all windows of every pixel.
///
///   The first of equal values counts. NaN wins over numbers. Padding never wins.
///   positions, shaped like y, may be null: not needed. kernel^2 <= kMostWindowPositions.
template <class T>
void max_pool(const T* x, T* y, uint8_t* positions, const PoolWindows& windows, cudaStream_t stream);

/// dx = dy at each window's largest value, summed over windows, or dx += with `accumulate`. dx aliases nothing.
template <class T>
void max_pool_backward(const T* dy, const uint8_t* positions, T* dx, bool accumulate, const PoolWindows& windows,
                       cudaStream_t stream);

/// y = sum over the window / divisor; the divisor is kernel^2 with count_padding, else the number of pixels in the
/// window.
template <class T>
void average_pool(const T* x, T* y, bool count_padding, const PoolWindows& windows, cudaStream_t stream);

/// dx = sum over windows of dy / divisor, or dx += with `accumulate`. dx aliases nothing.
template <class T>
void average_pool_backward(const T* dy, T* dx, bool accumulate, bool count_padding, const PoolWindows& windows,
                           cudaStream_t stream);

/// y[n, c] = mean over p of x[n, p, c].
///
///   x [batch, pixels, channels], pixels >= 1; y [batch, channels], overwritten.
template <class T>
void global_average_pool(const T* x, T* y, int64_t batch, int pixels, int channels, cudaStream_t stream);

/// dx[n, p, c] = dy[n, c] / pixels, or dx += with `accumulate`.
template <class T>
void global_average_pool_backward(const T* dy, T* dx, bool accumulate, int64_t batch, int pixels, int channels,
                                  cudaStream_t stream);

}  // namespace cucurbit::kernels
