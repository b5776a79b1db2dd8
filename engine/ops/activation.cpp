#include "engine/ops/activation.h"

#include "engine/autograd.h"
#include "engine/ops/bias.h"
#include "engine/runtime/op_scope.h"
#include "engine/runtime/stream.h"
#include "kernels/bias.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
/// [..., C] as a matrix [rows, C].
struct Matrix {
  int64_t rows, cols;
  explicit Matrix(const Tensor& x) : rows(1), cols(x.dim(-1)) {
    for (int axis = 0; axis + 1 < x.rank(); ++axis) rows *= x.dim(axis);
  }
};

template <class T>
void backward(const Tensor& x, const Tensor& bias, const Tensor& saved, const Tensor& dy, Activation kind) {
  using A = acc_t<T>;
  const Matrix matrix(x);
  GradientTarget dx{Tensor(), false}, dbias{Tensor(), false};
  if (wants_gradient(x)) dx = gradient_target(x);
  const bool direct = dx.tensor && dx.tensor.dtype() == x.dtype();
  const Tensor out = direct ? dx.tensor : Tensor::empty(x.shape(), x.dtype());
  Tensor workspace;
  if (wants_gradient(bias)) {
    dbias = gradient_target(bias);
    workspace = Tensor::empty({ColumnSplit(matrix.rows, matrix.cols).partials()}, dtype_of<A>);
  }
  kernels::bias_activation_backward(dy.data<T>(), saved.data<T>(), bias.data<A>(), out.data<T>(),
                                    direct && dx.accumulate, workspace ? dbias.tensor.data<A>() : nullptr,
                                    dbias.accumulate, matrix.rows, matrix.cols, kind,
                                    workspace ? workspace.data<A>() : nullptr, stream());
}
}  // namespace

Tensor activate(const Tensor& x, Activation kind) {
  if (kind == Activation::identity) return x;
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  const OpScope scope(name(kind), [&] { return moves(x, 2); });
  dispatch_float(x.dtype(), name(kind),
                 [&]<class T>(Type<T>) { kernels::activation(x.data<T>(), y.data<T>(), x.size(), kind, stream()); });
  record(y, {x}, [x, saved = needs_input(kind) ? x.detach() : y.detach(), kind](const Tensor& dy) {
    const OpScope scope("activation backward", [&] { return moves(x, 3); });
    const auto [dx, accumulate] = gradient_target(x);
    dispatch_float(x.dtype(), name(kind), [&, &dx = dx, accumulate = accumulate]<class T>(Type<T>) {
      kernels::activation_backward(dy.data<T>(), saved.data<T>(), dx.data<T>(), x.size(), kind, accumulate, stream());
    });
  });
  return y;
}

Tensor bias_activation(const Tensor& x, const Tensor& bias, Activation kind) {
  if (x.rank() == 0 || !bias)
    throw Error(ErrorKind::input,
                "[bias_activation] " + describe(x) + " with bias " + describe(bias) + ": expected [..., C] and [C]");
  expect_bias("bias_activation", bias, x.dim(-1), x);
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  const OpScope scope("bias_activation", [&] { return moves(x, 2); });
  dispatch_float(x.dtype(), "bias_activation", [&]<class T>(Type<T>) {
    const Matrix matrix(x);
    kernels::bias_activation(x.data<T>(), bias.data<acc_t<T>>(), y.data<T>(), matrix.rows, matrix.cols, kind, stream());
  });
  record(y, {x, bias}, [x, bias, saved = needs_input(kind) ? x.detach() : y.detach(), kind](const Tensor& dy) {
    const OpScope scope("bias_activation backward", [&] { return moves(x, 3); });
    dispatch_float(x.dtype(), "bias_activation", [&]<class T>(Type<T>) { backward<T>(x, bias, saved, dy, kind); });
  });
  return y;
}

}  // namespace cucurbit
