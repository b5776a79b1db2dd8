#include "engine/ops/elementwise.h"

#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/runtime/stream.h"
#include "kernels/elementwise.h"
#include "kernels/error.h"
#include "kernels/transpose.h"

namespace cucurbit {

namespace {
Tensor unary(const char* name, Unary op, const Tensor& x) {
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch_float(x.dtype(), name,
                 [&]<class T>(Type<T>) { kernels::unary(op, x.data<T>(), y.data<T>(), x.size(), stream()); });
  record(y, {x}, [name, op, x, saved = needs_result(op) ? y.detach() : x.detach()](const Tensor& dy) {
    const GradientTarget dx = gradient_target(x);
    dispatch_float(x.dtype(), name, [&]<class T>(Type<T>) {
      kernels::unary_backward(op, dy.data<T>(), saved.data<T>(), dx.tensor.data<T>(), x.size(), dx.accumulate,
                              stream());
    });
  });
  return y;
}

/// x [N, rows, cols] with its last two dimensions exchanged, as `shape`.
Tensor transposed(const Tensor& x, int64_t rows, int64_t cols, const Shape& shape) {
  const Tensor y = Tensor::empty(shape, x.dtype());
  const auto run = [&]<class T>(Type<T>) {
    kernels::transpose(x.data<T>(), y.data<T>(), x.dim(0), rows, cols, stream());
  };
  if (x.dtype() == DType::u8)
    run(Type<uint8_t>{});
  else
    dispatch_float(x.dtype(), "transpose", run);
  return y;
}

void expect_images(const char* op, const Tensor& x) {
  if (x.rank() != 4) throw Error(ErrorKind::input, fmt::format("[{}] {}: expected four dimensions", op, describe(x)));
}
}  // namespace

Tensor exp(const Tensor& x) { return unary("exp", Unary::exp, x); }
Tensor log(const Tensor& x) { return unary("log", Unary::log, x); }
Tensor sqrt(const Tensor& x) { return unary("sqrt", Unary::sqrt, x); }
Tensor square(const Tensor& x) { return unary("square", Unary::square, x); }
Tensor abs(const Tensor& x) { return unary("abs", Unary::abs, x); }
Tensor neg(const Tensor& x) { return unary("neg", Unary::neg, x); }

Tensor scale(const Tensor& x, double factor, double offset) {
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch_float(x.dtype(), "scale", [&]<class T>(Type<T>) {
    kernels::scale(x.data<T>(), y.data<T>(), x.size(), factor, offset, false, stream());
  });
  record(y, {x}, [x, factor](const Tensor& dy) {
    const GradientTarget dx = gradient_target(x);
    dispatch_float(x.dtype(), "scale", [&]<class T>(Type<T>) {
      kernels::scale(dy.data<T>(), dx.tensor.data<T>(), x.size(), factor, 0, dx.accumulate, stream());
    });
  });
  return y;
}

Tensor cast(const Tensor& x, DType type) {
  if (x.dtype() == type) return x;
  Tensor y = Tensor::empty(x.shape(), type);
  dispatch_float(x.dtype(), "cast", [&]<class From>(Type<From>) {
    dispatch_float(type, "cast",
                   [&]<class To>(Type<To>) { kernels::cast(x.data<From>(), y.data<To>(), x.size(), stream()); });
  });
  record(y, {x}, [x](const Tensor& dy) { add_gradient(x, dy); });
  return y;
}

Tensor nchw_to_nhwc(const Tensor& x) {
  expect_images("nchw_to_nhwc", x);
  const int64_t C = x.dim(1), pixels = x.dim(2) * x.dim(3);
  Tensor y = transposed(x, C, pixels, {x.dim(0), x.dim(2), x.dim(3), C});
  record(y, {x}, [x, C, pixels](const Tensor& dy) { add_gradient(x, transposed(dy, pixels, C, x.shape())); });
  return y;
}

Tensor nhwc_to_nchw(const Tensor& x) {
  expect_images("nhwc_to_nchw", x);
  const int64_t C = x.dim(3), pixels = x.dim(1) * x.dim(2);
  Tensor y = transposed(x, pixels, C, {x.dim(0), C, x.dim(1), x.dim(2)});
  record(y, {x}, [x, C, pixels](const Tensor& dy) { add_gradient(x, transposed(dy, C, pixels, x.shape())); });
  return y;
}

}  // namespace cucurbit
