#include "cudnn_own.h"

#include "convolve/pointwise.h"
#include "convolve/winograd/winograd.h"
#include "cuda_bf16.h"
#include "dnnl_api.h"

/// Decides where softgpu's own convolutions are used, and binds them to a call.

namespace softgpu::cudnn {
namespace {

bool one(int64_t a, int64_t b) { return a == 1 && b == 1; }

/// Whether the channels fill whole vectors and there are neither groups nor dilation.
bool has_vectors(const Convolution& c) {
  return c.type != CUDNN_DATA_DOUBLE && c.groups == 1 && one(c.dilation_h, c.dilation_w) && c.c % 16 == 0 &&
         c.k % 16 == 0;
}

convolve::winograd::Convolution winograd_shape(const Convolution& c) {
  return {.n = c.n, .h = c.h, .w = c.w, .c = c.c, .k = c.k, .pad_h = c.pad_h, .pad_w = c.pad_w};
}

convolve::Pointwise pointwise_shape(const Convolution& c) {
  return {.n = c.n,
          .h = c.h,
          .w = c.w,
          .c = c.c,
          .k = c.k,
          .p = c.p,
          .q = c.q,
          .stride_h = c.stride_h,
          .stride_w = c.stride_w};
}

/// Binds the routine for the operation, one of the three.
template <class T, class Shape, class Run>
std::function<void()> bind_to(const Product& p, const Shape& shape, Run forward, Run backward_data,
                              Run backward_filter) {
  const Run run = p.operation == Operation::kForward        ? forward
                  : p.operation == Operation::kBackwardData ? backward_data
                                                            : backward_filter;
  const convolve::Scaling<T> scaling{.alpha = p.alpha,
                                     .beta = p.beta,
                                     .prior = static_cast<const T*>(p.prior),
                                     .bias = static_cast<const T*>(p.bias),
                                     .relu = p.relu};
  return
      [=, first = static_cast<const T*>(p.first), second = static_cast<const T*>(p.second),
       out = static_cast<T*>(p.out), workspace = p.workspace] { run(shape, first, second, out, scaling, workspace); };
}

template <class T>
std::function<void()> bind_winograd_as(const Product& p) {
  namespace w = convolve::winograd;
  return bind_to<T>(p, winograd_shape(p.conv), w::forward<T>, w::backward_data<T>, w::backward_filter<T>);
}

template <class T>
std::function<void()> bind_pointwise_as(const Product& p) {
  return bind_to<T>(p, pointwise_shape(p.conv), convolve::pointwise_forward<T>, convolve::pointwise_backward_data<T>,
                    convolve::pointwise_backward_filter<T>);
}

}  // namespace

bool has_winograd(const Convolution& c) {
  // Matrix units multiply bfloat16 so much faster that oneDNN's direct convolution wins.
  static const bool matrix_units = dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core_amx;
  if (matrix_units && c.type == CUDNN_DATA_BFLOAT16) return false;
  const bool fits =
      has_vectors(c) && c.r == 3 && c.s == 3 && one(c.stride_h, c.stride_w) && c.pad_h <= 2 && c.pad_w <= 2;
  const int64_t tiles = c.n * ((c.p + 3) / 4) * ((c.q + 3) / 4);
  return fits && tiles >= 24 && c.n * c.p * c.q * 2 >= tiles * 16;
}

size_t winograd_workspace(Operation operation, const Convolution& conv) {
  switch (operation) {
    case Operation::kForward:
      return convolve::winograd::forward_workspace(winograd_shape(conv));
    case Operation::kBackwardData:
      return convolve::winograd::backward_data_workspace(winograd_shape(conv));
    default:
      return convolve::winograd::backward_filter_workspace(winograd_shape(conv));
  }
}

std::function<void()> bind_winograd(const Product& p) {
  return p.conv.type == CUDNN_DATA_FLOAT ? bind_winograd_as<float>(p) : bind_winograd_as<__nv_bfloat16>(p);
}

bool has_pointwise(const Convolution& c) {
  return has_vectors(c) && one(c.r, c.s) && c.stride_h * c.stride_w > 1 && c.pad_h == 0 && c.pad_w == 0;
}

size_t pointwise_workspace(const Convolution& conv) { return convolve::pointwise_workspace(pointwise_shape(conv)); }

std::function<void()> bind_pointwise(const Product& p) {
  return p.conv.type == CUDNN_DATA_FLOAT ? bind_pointwise_as<float>(p) : bind_pointwise_as<__nv_bfloat16>(p);
}

}  // namespace softgpu::cudnn
