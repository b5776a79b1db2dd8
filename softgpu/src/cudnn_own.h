#pragma once

#include <functional>

#include "cudnn_context.h"

/// Convolutions that softgpu computes with its own routines (convolve/), where these are faster than oneDNN's.
namespace softgpu::cudnn {

enum class Operation { kForward, kBackwardData, kBackwardFilter };

/// out = f(alpha product(first, second) + beta prior + bias), with the inputs in the order of the plans. Only the
/// forward pass may have a bias, and may have a ReLU that passes NaN on as f.
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

/// Whether Winograd's algorithm supports the convolution and is worth it: the part of the last tiles beyond the border,
/// which is computed for nothing, is small, and there are enough tiles for the effort of transforming the filters.
bool has_winograd(const Convolution& conv);
size_t winograd_workspace(Operation operation, const Convolution& conv);
std::function<void()> bind_winograd(const Product& product);

/// Whether it is a 1x1 convolution with a stride: oneDNN's data gradients of these take four times as long.
bool has_pointwise(const Convolution& conv);
size_t pointwise_workspace(const Convolution& conv);
std::function<void()> bind_pointwise(const Product& product);

}  // namespace softgpu::cudnn
