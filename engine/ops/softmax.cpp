#include "engine/ops/softmax.h"

#include <fmt/format.h>

#include <limits>

#include "engine/autograd.h"
#include "engine/runtime/stream.h"
#include "kernels/error.h"
#include "kernels/softmax.h"

namespace cucurbit {

namespace {
/// The last dimension of x.
int columns_of(const Tensor& x, const char* op) {
  if (!x || x.rank() == 0 || x.dim(-1) < 1 || x.dim(-1) > std::numeric_limits<int>::max())
    throw Error(ErrorKind::input,
                fmt::format("[{}] input {}: expected at least one dimension, the last of at least one "
                            "element",
                            op, describe(x)));
  return int(x.dim(-1));
}
}  // namespace

Tensor softmax(const Tensor& x) {
  const int cols = columns_of(x, "softmax");
  const int64_t rows = x.size() / cols;
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch_float(x.dtype(), "softmax",
                 [&]<class T>(Type<T>) { kernels::softmax(x.data<T>(), y.data<T>(), rows, cols, stream()); });
  record(y, {x}, [x, out = y.detach(), rows, cols](const Tensor& dy) {
    const GradientTarget dx = gradient_target(x);
    dispatch_float(x.dtype(), "softmax", [&]<class T>(Type<T>) {
      kernels::softmax_backward(out.data<T>(), dy.data<T>(), dx.tensor.data<T>(), rows, cols, dx.accumulate, stream());
    });
  });
  return y;
}

Tensor log_softmax(const Tensor& x) {
  const int cols = columns_of(x, "log_softmax");
  const int64_t rows = x.size() / cols;
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch_float(x.dtype(), "log_softmax",
                 [&]<class T>(Type<T>) { kernels::log_softmax(x.data<T>(), y.data<T>(), rows, cols, stream()); });
  record(y, {x}, [x, out = y.detach(), rows, cols](const Tensor& dy) {
    const GradientTarget dx = gradient_target(x);
    dispatch_float(x.dtype(), "log_softmax", [&]<class T>(Type<T>) {
      kernels::log_softmax_backward(out.data<T>(), dy.data<T>(), dx.tensor.data<T>(), rows, cols, dx.accumulate,
                                    stream());
    });
  });
  return y;
}

}  // namespace cucurbit
