#pragma once

#include "engine/tensor.h"

/// Pooling of NHWC maps.
namespace cucurbit {

enum class PoolKind { max, average };

/// Square windows over a map padded by `padding` on every side.
struct PoolGeometry {
  int kernel = 2;
  int stride = 2;
  int padding = 0;
  /// Average pooling: padding counts as pixels of value 0, so that every window is divided by kernel^2.
  bool count_padding = true;
};

/// [N, H, W, C] -> [N, (H + 2 padding - kernel) / stride + 1, ..., C]. Throws Error unless x has four dimensions, the
/// padded map holds a window, and 2 padding <= kernel.
Shape pool2d_output_shape(const Shape& x, const PoolGeometry& geometry);

/// The maximum or average of each window; f32, bf16, f64.
///
/// Maximum: the gradient goes to the first of equal values; a window with a NaN gives NaN; a window has at most 256
/// positions.
Tensor pool2d(const Tensor& x, PoolKind kind, const PoolGeometry& geometry);

/// [N, H, W, C] -> [N, C], the mean over the pixels of each channel.
Tensor global_average_pool(const Tensor& x);

}  // namespace cucurbit
