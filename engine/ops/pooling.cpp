#include "engine/ops/pooling.h"

#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/runtime/op_scope.h"
#include "engine/runtime/stream.h"
#include "kernels/error.h"
#include "kernels/pooling.h"

namespace cucurbit {

namespace {
std::string describe_window(const PoolGeometry& geometry) {
  return fmt::format("window {0}x{0}, stride {1}, padding {2}", geometry.kernel, geometry.stride, geometry.padding);
}

kernels::PoolWindows windows_of(const Shape& x, const Shape& y, const PoolGeometry& geometry) {
  return {x[0],      int(x[1]),       int(x[2]),       int(x[3]),       int(y[1]),
          int(y[2]), geometry.kernel, geometry.stride, geometry.padding};
}

Tensor max_pool(const Tensor& x, const Shape& shape, const kernels::PoolWindows& windows) {
  if (windows.kernel * windows.kernel > kernels::kMostWindowPositions)
    throw Error(ErrorKind::input, fmt::format("[pool2d] max window {0}x{0}: expected at most 16x16", windows.kernel));
  Tensor y = Tensor::empty(shape, x.dtype());
  const double outputs = double(y.size()) / double(x.size());
  const OpScope scope("max_pool", [&] { return moves(x, 1 + outputs); });
  const Tensor positions = needs_gradient({x}) ? Tensor::empty(shape, DType::u8) : Tensor();
  dispatch_float(x.dtype(), "pool2d", [&]<class T>(Type<T>) {
    kernels::max_pool(x.data<T>(), y.data<T>(), positions ? positions.data<uint8_t>() : nullptr, windows, stream());
  });
  record(y, {x}, [x, positions, windows, outputs](const Tensor& dy) {
    const OpScope scope("max_pool backward", [&] { return moves(x, 1 + outputs); });
    const GradientTarget dx = gradient_target(x);
    dispatch_float(x.dtype(), "pool2d", [&]<class T>(Type<T>) {
      kernels::max_pool_backward(dy.data<T>(), positions.data<uint8_t>(), dx.tensor.data<T>(), dx.accumulate, windows,
                                 stream());
    });
  });
  return y;
}

Tensor average_pool(const Tensor& x, const Shape& shape, const kernels::PoolWindows& windows, bool count_padding) {
  Tensor y = Tensor::empty(shape, x.dtype());
  const double outputs = double(y.size()) / double(x.size());
  const OpScope scope("average_pool", [&] { return moves(x, 1 + outputs); });
  dispatch_float(x.dtype(), "pool2d", [&]<class T>(Type<T>) {
    kernels::average_pool(x.data<T>(), y.data<T>(), count_padding, windows, stream());
  });
  record(y, {x}, [x, windows, count_padding, outputs](const Tensor& dy) {
    const OpScope scope("average_pool backward", [&] { return moves(x, 1 + outputs); });
    const GradientTarget dx = gradient_target(x);
    dispatch_float(x.dtype(), "pool2d", [&]<class T>(Type<T>) {
      kernels::average_pool_backward(dy.data<T>(), dx.tensor.data<T>(), dx.accumulate, count_padding, windows,
                                     stream());
    });
  });
  return y;
}
}  // namespace

Shape pool2d_output_shape(const Shape& x, const PoolGeometry& geometry) {
  const auto [kernel, stride, padding, count_padding] = geometry;
  if (x.rank() != 4) throw Error(ErrorKind::input, fmt::format("[pool2d] input {}: expected [N,H,W,C]", to_string(x)));
  if (kernel < 1 || stride < 1 || padding < 0 || 2 * int64_t(padding) > kernel)
    throw Error(ErrorKind::input,
                fmt::format("[pool2d] {}: expected kernel and stride of at least 1 and a padding of at "
                            "most half the kernel",
                            describe_window(geometry)));
  if (x[1] + 2 * padding < kernel || x[2] + 2 * padding < kernel)
    throw Error(ErrorKind::input, fmt::format("[pool2d] input {} is smaller than its window: {}: use a smaller kernel",
                                              to_string(x), describe_window(geometry)));
  return {x[0], (x[1] + 2 * padding - kernel) / stride + 1, (x[2] + 2 * padding - kernel) / stride + 1, x[3]};
}

Tensor pool2d(const Tensor& x, PoolKind kind, const PoolGeometry& geometry) {
  const Shape shape = pool2d_output_shape(x.shape(), geometry);
  const kernels::PoolWindows windows = windows_of(x.shape(), shape, geometry);
  if (kind == PoolKind::max) return max_pool(x, shape, windows);
  return average_pool(x, shape, windows, geometry.count_padding);
}

Tensor global_average_pool(const Tensor& x) {
  if (x.rank() != 4 || x.dim(1) * x.dim(2) < 1)
    throw Error(ErrorKind::input,
                fmt::format("[global_average_pool] input {}: expected [N,H,W,C] with at least one pixel", describe(x)));
  const int64_t batch = x.dim(0);
  const int pixels = int(x.dim(1) * x.dim(2)), channels = int(x.dim(3));
  Tensor y = Tensor::empty({batch, channels}, x.dtype());
  const OpScope scope("global_average_pool", [&] { return moves(x, 1); });
  dispatch_float(x.dtype(), "global_average_pool", [&]<class T>(Type<T>) {
    kernels::global_average_pool(x.data<T>(), y.data<T>(), batch, pixels, channels, stream());
  });
  record(y, {x}, [=](const Tensor& dy) {
    const OpScope scope("global_average_pool backward", [&] { return moves(x, 1); });
    const GradientTarget dx = gradient_target(x);
    dispatch_float(x.dtype(), "global_average_pool", [&]<class T>(Type<T>) {
      kernels::global_average_pool_backward(dy.data<T>(), dx.tensor.data<T>(), dx.accumulate, batch, pixels, channels,
                                            stream());
    });
  });
  return y;
}

}  // namespace cucurbit
