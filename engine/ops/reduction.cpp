#include "engine/ops/reduction.h"

#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/runtime/stream.h"
#include "kernels/error.h"
#include "kernels/reduction.h"

namespace cucurbit {

namespace {
/// x viewed as [outer, middle, inner], to be summed over `middle`.
struct Summed {
  int64_t outer = 1, middle = 1, inner = 1;
  Shape output;
};

Summed summed(const char* op, const Tensor& x, Axes axes) {
  if (axes == Axes::all) return {1, x.size(), 1, {}};
  if (x.rank() == 0)
    throw Error(ErrorKind::input, fmt::format("[{}] {} has no last dimension: sum over all", op, describe(x)));
  std::vector<int64_t> leading = x.shape().dims();
  const int64_t last = leading.back();
  leading.pop_back();
  const Shape rows(leading);
  if (axes == Axes::last) return {rows.size(), last, 1, rows};
  return {1, rows.size(), last, {last}};
}

template <class T>
void reduce(const Tensor& x, const Tensor& y, const Summed& view, Axes axes, Reduction kind) {
  using A = acc_t<T>;
  if (axes == Axes::last)
    return kernels::reduce_rows(x.data<T>(), y.data<A>(), view.outer, view.middle, kind, stream());
  const bool all = axes == Axes::all;
  const int64_t partials =
      all ? kernels::reduce_all_workspace(x.size()) : ColumnSplit(view.middle, view.inner).partials();
  const Tensor workspace = Tensor::empty({partials}, y.dtype());
  if (all)
    kernels::reduce_all(x.data<T>(), y.data<A>(), x.size(), kind, workspace.data<A>(), stream());
  else
    kernels::reduce_columns(x.data<T>(), y.data<A>(), view.middle, view.inner, kind, false, workspace.data<A>(),
                            stream());
}

void spread(const Tensor& dy, const Tensor& x, const Summed& view, Reduction kind) {
  const GradientTarget dx = gradient_target(x);
  dispatch_float(dx.tensor.dtype(), "sum", [&]<class T>(Type<T>) {
    using A = acc_t<T>;
    kernels::spread_middle(dy.data<A>(), dx.tensor.data<T>(), view.outer, view.middle, view.inner,
                           kind == Reduction::mean ? A(1) / A(view.middle) : A(1), dx.accumulate, stream());
  });
}

Tensor run(const char* op, const Tensor& x, Axes axes, Reduction kind) {
  const Summed view = summed(op, x, axes);
  Tensor y = Tensor::empty(view.output, accumulator_of(x.dtype()));
  dispatch_float(x.dtype(), op, [&]<class T>(Type<T>) { reduce<T>(x, y, view, axes, kind); });
  record(y, {x}, [x, view, kind](const Tensor& dy) { spread(dy, x, view, kind); });
  return y;
}
}  // namespace

Tensor sum(const Tensor& x, Axes axes) { return run("sum", x, axes, Reduction::sum); }
Tensor mean(const Tensor& x, Axes axes) { return run("mean", x, axes, Reduction::mean); }

}  // namespace cucurbit
