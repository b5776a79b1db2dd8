#pragma once

#include <functional>
#include <memory>

#include "cudnn_context.h"
#include "dnnl_plan.h"

namespace softgpu::cudnn {

/// What a forward primitive does besides the convolution. `float_output` also applies to the other two.
struct PlanOptions {
  bool accumulate = false;  // y += instead of y =
  bool bias = false;
  bool relu = false;          // a ReLU that turns NaN into 0
  bool float_output = false;  // whatever the type of the inputs
};

/// oneDNN primitives for float and bfloat16 convolutions, made once and kept. Operands, in order:
///
///   forward          x, filter, y, and bias if there is one
///   backward_data    dy, filter, dx
///   backward_filter  x, dy, dw
///
/// backward_data and backward_filter take no options but `float_output`.
std::shared_ptr<const onednn::Plan> forward_plan(const Convolution& conv, const PlanOptions& options);
std::shared_ptr<const onednn::Plan> backward_data_plan(const Convolution& conv, const PlanOptions& options);
std::shared_ptr<const onednn::Plan> backward_filter_plan(const Convolution& conv, const PlanOptions& options);

/// Runs `product`, which writes a gradient of the filter to `out` in elements of `size` bytes, and then writes zeros at
/// the filter offsets that see only padding: with some strides oneDNN 2.6 leaves garbage there in bfloat16.
std::function<void()> with_unseen_offsets(std::function<void()> product, const Convolution& conv, void* out,
                                          size_t size);

}  // namespace softgpu::cudnn
