#pragma once

#include <functional>

#include "cudnn_context.h"

/// Convolutions that softgpu computes by routines of its own (convolve/), where these are faster than oneDNN's.
namespace softgpu::cudnn {

enum class Operation { kForward, kBackwardData, kBackwardFilter };

/// out = f(alpha product(first, second) + beta prior + bias); the inputs in the order of the plans. Only forward has a
/// bias, or null, and f, a ReLU that passes NaN on.
struct Product {
  Operation operation;
  Convolution conv;
  const void* first;
  const void* second;
  void* out;
  float alpha, beta;
  const void* prior;
  const void* bias;
  bool relu;
  void* workspace;
};

/// Winograd's algorithm serves the convolution and pays: the border of its last tiles, which is computed in vain, is
/// small, and there are tiles enough for the filters that are transformed.
bool has_winograd(const Convolution& conv);
size_t winograd_workspace(Operation operation, const Convolution& conv);
std::function<void()> bind_winograd(const Product& product);

/// A 1x1 convolution with a stride: oneDNN's data gradients of these take four times as long.
bool has_pointwise(const Convolution& conv);
size_t pointwise_workspace(const Convolution& conv);
std::function<void()> bind_pointwise(const Product& product);

}  // namespace softgpu::cudnn
