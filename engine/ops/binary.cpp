// The two-operand ops of engine/ops/elementwise.h.
#include "kernels/binary.h"

#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduction.h"
#include "engine/runtime/op_scope.h"
#include "engine/runtime/stream.h"
#include "kernels/error.h"
#include "kernels/reduction.h"

namespace cucurbit {

namespace {
struct BinaryCall {
  const char* name;
  Binary op;
  Tensor a, b;
  Broadcast layout;

  const Tensor& operand(Operand which) const { return which == Operand::a ? a : b; }
};

/// Sum over the middle of [outer, middle, inner], in the accumulator type.
Tensor sum_middle(const Tensor& x, int64_t outer, int64_t middle, int64_t inner) {
  if (outer == 1 && inner == 1) return sum(x.detach());
  if (outer == 1) return sum(x.detach().reshape({middle, inner}), Axes::leading);
  const Tensor y = Tensor::empty({outer, inner}, accumulator_of(x.dtype()));
  dispatch_float(x.dtype(), "broadcast", [&]<class T>(Type<T>) {
    using A = acc_t<T>;
    kernels::reduce_middle(x.data<T>(), y.data<A>(), outer, middle, inner, A(1), false, stream());
  });
  return y;
}

/// Sums d, which has the result's shape and is not empty, over the dimensions in which the operand was broadcast.
Tensor sum_broadcast(Tensor d, const Broadcast& layout, Operand which) {
  int64_t inner = 1, outer = layout.elements;
  for (int axis = layout.rank - 1; axis >= 0; --axis) {
    const int64_t size = layout.size[axis];
    outer /= size;
    if (layout.stride(which, axis) == 0)
      d = sum_middle(d, outer, size, inner);
    else
      inner *= size;
  }
  return d;
}

/// d = dy * (d op / d operand), in d's element type: T or its accumulator type.
void write_gradient(const BinaryCall& call, Operand which, const Tensor& dy, const Tensor& d, bool accumulate) {
  dispatch_float(dy.dtype(), call.name, [&]<class T>(Type<T>) {
    const auto run = [&]<class D>(Type<D>) {
      kernels::binary_backward(call.op, which, dy.data<T>(), call.a.data<T>(), call.b.data<T>(), d.data<D>(),
                               call.layout, accumulate, stream());
    };
    if (d.dtype() == dy.dtype())
      run(Type<T>{});
    else
      run(Type<acc_t<T>>{});
  });
}

void backward(const BinaryCall& call, Operand which, const Tensor& dy) {
  const Tensor& x = call.operand(which);
  if (!wants_gradient(x)) return;
  if (dy.size() == 0) {
    const GradientTarget dx = gradient_target(x);
    if (!dx.accumulate) dx.tensor.fill_zero();
    return;
  }
  if (call.layout.covers(which)) {
    if (call.op == Binary::add) return add_gradient(x, dy);
    const GradientTarget dx = gradient_target(x);
    return write_gradient(call, which, dy, dx.tensor, dx.accumulate);
  }
  Tensor d = dy.detach();
  if (call.op != Binary::add) {
    d = Tensor::empty(dy.shape(), accumulator_of(dy.dtype()));
    write_gradient(call, which, dy, d, false);
  }
  add_gradient(x, sum_broadcast(d, call.layout, which).reshape(x.shape()));
}

Tensor binary(const char* name, Binary op, const Tensor& a, const Tensor& b) {
  std::vector<int64_t> dims;
  if (!a || !b || a.dtype() != b.dtype() || !broadcast_shape(a.shape().dims(), b.shape().dims(), dims))
    throw Error(ErrorKind::input,
                fmt::format("[{}] {} with {}: expected one element type, and sizes that are equal or 1 from the last "
                            "dimension on",
                            name, describe(a), describe(b)));
  const BinaryCall call{name, op, a, b, make_broadcast(a.shape().dims(), b.shape().dims())};
  Tensor y = Tensor::empty(Shape(dims), a.dtype());
  const OpScope scope(name, [&] { return moves(y, 3); });
  dispatch_float(a.dtype(), name, [&]<class T>(Type<T>) {
    kernels::binary(op, a.data<T>(), b.data<T>(), y.data<T>(), call.layout, stream());
  });
  record(y, {a, b}, [call](const Tensor& dy) {
    const OpScope scope("binary backward", [&] { return moves(dy, 3); });
    backward(call, Operand::a, dy);
    backward(call, Operand::b, dy);
  });
  return y;
}
}  // namespace

Tensor add(const Tensor& a, const Tensor& b) { return binary("add", Binary::add, a, b); }
Tensor sub(const Tensor& a, const Tensor& b) { return binary("sub", Binary::sub, a, b); }
Tensor mul(const Tensor& a, const Tensor& b) { return binary("mul", Binary::mul, a, b); }
Tensor div(const Tensor& a, const Tensor& b) { return binary("div", Binary::div, a, b); }
Tensor maximum(const Tensor& a, const Tensor& b) { return binary("maximum", Binary::maximum, a, b); }

}  // namespace cucurbit
