#include "engine/ops/linear.h"

#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/ops/bias.h"
#include "engine/ops/matmul.h"
#include "engine/runtime/op_scope.h"
#include "engine/runtime/stream.h"
#include "kernels/bias.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
/// The tensors of one call, as its backward pass needs them.
struct LinearCall {
  Tensor x, weight, bias;
  Tensor saved;  // before bias and activation if the activation needs its input, else y; undefined for identity
  Activation activation;

  int64_t rows() const { return x.dim(0); }
  int64_t in() const { return x.dim(1); }
  int64_t out() const { return weight.dim(0); }
};

/// `products`: how many of the three matrix products are computed.
OpDescription describe_call(const LinearCall& call, int products) {
  const double x = double(call.rows() * call.in()), y = double(call.rows() * call.out());
  return multiplies(
      fmt::format("{}x{} {}", call.rows(), call.in(), call.out()),
      products * (x + y + double(call.weight.size())) * double(size_of(call.x.dtype())),
      {.flop = 2.0 * products * double(call.rows()) * double(call.weight.size()), .type = call.x.dtype()});
}

void check(const LinearCall& call) {
  const Tensor &x = call.x, &weight = call.weight;
  if (x.rank() != 2 || weight.rank() != 2)
    throw Error(ErrorKind::input,
                fmt::format("[linear] input {}, weight {}: expected [N, in] and [out, in]: flatten first", describe(x),
                            describe(weight)));
  if (x.dim(1) != weight.dim(1))
    throw Error(ErrorKind::input,
                fmt::format("[linear] input has {} columns, the weight expects {}: input {}, weight {}", x.dim(1),
                            weight.dim(1), describe(x), describe(weight)));
  if (x.dtype() != weight.dtype())
    throw Error(ErrorKind::input,
                fmt::format("[linear] input {}, weight {}: they must be of one type", describe(x), describe(weight)));
  expect_bias("linear", call.bias, weight.dim(0), x);
}

/// y = act(z + bias); y may be z.
template <class T>
void apply(const LinearCall& call, const Tensor& z, const Tensor& y) {
  if (call.bias)
    kernels::bias_activation(z.data<T>(), call.bias.data<acc_t<T>>(), y.data<T>(), call.rows(), call.out(),
                             call.activation, stream());
  else if (call.activation != Activation::identity)
    kernels::activation(z.data<T>(), y.data<T>(), z.size(), call.activation, stream());
}

/// The gradient before bias and activation; passes on that of the bias.
template <class T>
Tensor through_activation(const LinearCall& call, const Tensor& dy) {
  using A = acc_t<T>;
  if (call.activation == Activation::identity) {
    pass_bias_gradient(call.bias, dy);
    return dy;
  }
  const Tensor dz = Tensor::empty(dy.shape(), dy.dtype());
  if (!call.bias) {
    kernels::activation_backward(dy.data<T>(), call.saved.data<T>(), dz.data<T>(), dy.size(), call.activation, false,
                                 stream());
    return dz;
  }
  GradientTarget dbias{};
  Tensor workspace;
  if (wants_gradient(call.bias)) {
    dbias = gradient_target(call.bias);
    workspace = Tensor::empty({ColumnSplit(call.rows(), call.out()).partials()}, dtype_of<A>);
  }
  kernels::bias_activation_backward(dy.data<T>(), call.saved.data<T>(), call.bias.data<A>(), dz.data<T>(), false,
                                    dbias.tensor ? dbias.tensor.data<A>() : nullptr, dbias.accumulate, call.rows(),
                                    call.out(), call.activation, workspace ? workspace.data<A>() : nullptr, stream());
  return dz;
}

void backward(const LinearCall& call, const Tensor& dy) {
  const int products = int(wants_gradient(call.x)) + int(wants_gradient(call.weight));
  const OpScope scope("linear backward", [&] { return describe_call(call, products); });
  const Tensor dz =
      dispatch_float(call.x.dtype(), "linear", [&]<class T>(Type<T>) { return through_activation<T>(call, dy); });
  const int64_t rows = call.rows(), in = call.in(), out = call.out();
  if (wants_gradient(call.x)) {
    const auto [dx, accumulate] = gradient_target(call.x);
    gemm(kernels::dense_gemm(rows, in, out, false, false), 1, dz, call.weight, accumulate, dx);
  }
  if (wants_gradient(call.weight)) {
    const auto [dw, accumulate] = gradient_target(call.weight);
    gemm(kernels::dense_gemm(out, in, rows, true, false), 1, dz, call.x, accumulate, dw);
  }
}
}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation) {
  LinearCall call{x, weight, bias, {}, activation};
  check(call);
  const OpScope scope("linear", [&] { return describe_call(call, 1); });
  Tensor z = Tensor::empty({call.rows(), call.out()}, x.dtype()), y = z;
  gemm(kernels::dense_gemm(call.rows(), call.out(), call.in(), false, true), 1, x, weight, 0, z);
  const bool keep_input = needs_input(activation) && needs_gradient({x, weight, bias});
  if (keep_input) y = Tensor::empty(z.shape(), z.dtype());
  dispatch_float(x.dtype(), "linear", [&]<class T>(Type<T>) { apply<T>(call, z, y); });
  if (activation != Activation::identity) call.saved = keep_input ? z : y.detach();
  record(y, {x, weight, bias}, [call](const Tensor& dy) { backward(call, dy); });
  return y;
}

}  // namespace cucurbit
