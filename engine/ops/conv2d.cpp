#include "engine/ops/conv2d.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/autograd.h"
#include "engine/math_mode.h"
#include "engine/ops/bias.h"
#include "engine/ops/conv2d_backends.h"
#include "engine/runtime/op_scope.h"
#include "engine/runtime/stream.h"
#include "kernels/bias.h"
#include "kernels/depthwise_conv.h"
#include "kernels/elementwise.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
struct Conv2dCall {
  Tensor x, filter, bias;
  kernels::ConvShape shape;
};

void check(const Shape& x, const Shape& filter, const Conv2dGeometry& g) {
  const std::string shapes = fmt::format("input {}, filter {}", to_string(x), to_string(filter));
  const auto reject = [&](const std::string& what) {
    throw Error(ErrorKind::input, fmt::format("[conv2d] {}: {}", what, shapes));
  };
  if (x.rank() != 4 || filter.rank() != 4) reject("expected input [N,H,W,C] and filter [K,R,S,C/groups]");
  if (g.stride < 1 || g.padding < 0 || g.dilation < 1 || g.groups < 1)
    reject(fmt::format("stride {}, padding {}, dilation {}, groups {}: expected at least 1, 0, 1, 1", g.stride,
                       g.padding, g.dilation, g.groups));
  if (filter.size() == 0) reject("the filter is empty");
  if (x[3] % g.groups || filter[0] % g.groups)
    reject(fmt::format("{} groups do not divide {} input and {} output channels", g.groups, x[3], filter[0]));
  if (x[3] != filter[3] * g.groups)
    reject(fmt::format("input has {} channels, the filter expects {}", x[3], filter[3] * g.groups));
  // The kernels compute sizes and indices in 32 bits.
  const int64_t reach = std::max({x[1] + 2 * int64_t(g.padding), x[2] + 2 * int64_t(g.padding), filter[1] * g.dilation,
                                  filter[2] * g.dilation, int64_t(g.stride), x.size(), filter.size()});
  if (reach > kernels::kConvLimit) reject(fmt::format("sizes above {} are not supported", kernels::kConvLimit));
}

bool vendor() { return math_mode() == Math::vendor; }

OpDescription describe_call(const Conv2dCall& call, ConvDirection direction) {
  const DType dtype = call.x.dtype();
  return describe_conv(call.shape, dtype,
                       vendor() ? vendor_conv_arithmetic(direction, call.shape, dtype) : std::nullopt);
}

void forward(const Conv2dCall& call, const Tensor& y) {
  const OpScope scope("conv2d", [&] { return describe_call(call, ConvDirection::forward); });
  if (!vendor() || !vendor_conv_forward(call.shape, call.x, call.filter, y))
    own_conv_forward(call.shape, call.x, call.filter, y);
  if (!call.bias) return;
  dispatch_float(y.dtype(), "conv2d", [&]<class T>(Type<T>) {
    kernels::bias_activation(y.data<T>(), call.bias.data<acc_t<T>>(), y.data<T>(), y.size() / call.shape.k,
                             call.shape.k, Activation::identity, stream());
  });
}

/// into = from, or into += from if `accumulate`, for tensors of different types.
void convert(const Tensor& from, const Tensor& into, bool accumulate) {
  dispatch_float(from.dtype(), "conv2d", [&]<class From>(Type<From>) {
    dispatch_float(into.dtype(), "conv2d", [&]<class To>(Type<To>) {
      const auto run = accumulate ? kernels::add_into<From, To> : kernels::cast<From, To>;
      run(from.data<From>(), into.data<To>(), into.size(), stream());
    });
  });
}

/// True for depthwise filters over maps of a few pixels, as in the last blocks of MobileNets, whose gradients the
/// vendor libraries compute with general code. 128x2x2x480, bfloat16, two Zen 5 cores: oneDNN 5.1 ms, ours 0.15 ms.
bool own_filter_gradient_wins(const kernels::ConvShape& shape) {
  return kernels::is_depthwise(shape) && shape.p * shape.q <= 4;
}

void filter_gradient(const Conv2dCall& call, const Tensor& dy) {
  const OpScope scope("conv2d filter gradient", [&] { return describe_call(call, ConvDirection::filter_gradient); });
  const auto [dw, accumulate] = gradient_target(call.filter);
  if (vendor() && !own_filter_gradient_wins(call.shape)) {
    const bool same_type = dw.dtype() == call.filter.dtype();
    const Tensor into = same_type ? dw : Tensor::empty(call.filter.shape(), call.filter.dtype());
    if (vendor_conv_filter_gradient(call.shape, call.x, dy, into, same_type && accumulate)) {
      if (!same_type) convert(into, dw, accumulate);
      return;
    }
  }
  own_conv_filter_gradient(call.shape, call.x, dy, dw, accumulate);
}

void data_gradient(const Conv2dCall& call, const Tensor& dy) {
  const OpScope scope("conv2d data gradient", [&] { return describe_call(call, ConvDirection::data_gradient); });
  const auto [dx, accumulate] = gradient_target(call.x);
  if (!vendor() || !vendor_conv_data_gradient(call.shape, call.filter, dy, dx, accumulate))
    own_conv_data_gradient(call.shape, call.filter, dy, dx, accumulate);
}

void backward(const Conv2dCall& call, const Tensor& dy) {
  pass_bias_gradient(call.bias, dy);
  if (wants_gradient(call.filter)) filter_gradient(call, dy);
  if (wants_gradient(call.x)) data_gradient(call, dy);
}
}  // namespace

kernels::ConvShape conv_shape(const Shape& x, const Shape& filter, const Conv2dGeometry& g) {
  check(x, filter, g);
  kernels::ConvShape shape{.n = x[0],
                           .h = int(x[1]),
                           .w = int(x[2]),
                           .c = int(x[3]),
                           .k = int(filter[0]),
                           .r = int(filter[1]),
                           .s = int(filter[2]),
                           .p = 0,
                           .q = 0,
                           .groups = g.groups,
                           .stride_h = g.stride,
                           .stride_w = g.stride,
                           .pad_h = g.padding,
                           .pad_w = g.padding,
                           .dilation_h = g.dilation,
                           .dilation_w = g.dilation};
  shape.p = kernels::conv_output_size(shape.h, shape.r, g.stride, g.padding, g.dilation);
  shape.q = kernels::conv_output_size(shape.w, shape.s, g.stride, g.padding, g.dilation);
  if (shape.p < 1 || shape.q < 1)
    throw Error(
        ErrorKind::input,
        fmt::format("[conv2d] the output would be empty: input {}, padding {}, filter {}, dilation {}: use a larger "
                    "image, more padding or a smaller filter",
                    to_string(x), g.padding, to_string(filter), g.dilation));
  if (Shape{x[0], shape.p, shape.q, shape.k}.size() > kernels::kConvLimit)
    throw Error(ErrorKind::input,
                fmt::format("[conv2d] output [{},{},{},{}] has more than {} elements: use a smaller batch", x[0],
                            shape.p, shape.q, shape.k, kernels::kConvLimit));
  return shape;
}

OpDescription describe_conv(const kernels::ConvShape& s, DType dtype, const std::optional<Arithmetic>& used,
                            int residuals) {
  const double outputs = double(s.n) * s.p * s.q * s.k, products = double(s.filter_size() / s.k);  // of each output
  const double elements = double(s.n) * s.h * s.w * s.c + outputs * (1 + residuals) + products * s.k;
  const std::string options = fmt::format("{}{}{}", s.stride_h > 1 ? fmt::format(" /{}", s.stride_h) : "",
                                          s.dilation_h > 1 ? fmt::format(" dilation {}", s.dilation_h) : "",
                                          s.groups > 1 ? fmt::format(" groups {}", s.groups) : "");
  OpDescription made = multiplies(fmt::format("{}x{}x{}x{} {}x{} {}{}", s.n, s.h, s.w, s.c, s.r, s.s, s.k, options),
                                  elements * double(size_of(dtype)), {.flop = 2 * outputs * products, .type = dtype});
  if (used) {
    made.used = *used;
    made.algorithm = "Winograd";
  }
  return made;
}

Arithmetic winograd_arithmetic(ConvDirection direction, const kernels::ConvShape& s, DType type) {
  const bool over_input = direction == ConvDirection::data_gradient;
  const int64_t height = over_input ? s.h : s.p, width = over_input ? s.w : s.q;
  const int64_t tiles = s.n * ((height + 3) / 4) * ((width + 3) / 4);
  return {.flop = 2.0 * 36 * double(tiles) * (s.c / s.groups) * s.k, .type = type};
}

Shape conv2d_output_shape(const Shape& x, const Shape& filter, const Conv2dGeometry& geometry) {
  const kernels::ConvShape shape = conv_shape(x, filter, geometry);
  return {shape.n, shape.p, shape.q, shape.k};
}

Tensor conv2d(const Tensor& x, const Tensor& filter, const Tensor& bias, const Conv2dGeometry& geometry) {
  const Conv2dCall call{x, filter, bias, conv_shape(x.shape(), filter.shape(), geometry)};
  if (x.dtype() != filter.dtype())
    throw Error(ErrorKind::input,
                fmt::format("[conv2d] input {}, filter {}: they must be of one type", describe(x), describe(filter)));
  expect_bias("conv2d", bias, filter.dim(0), x);
  Tensor y = Tensor::empty({call.shape.n, call.shape.p, call.shape.q, call.shape.k}, x.dtype());
  forward(call, y);
  record(y, {x, filter, bias}, [call](const Tensor& dy) { backward(call, dy); });
  return y;
}

}  // namespace cucurbit
