#include "engine/ops/scale_by.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/elementwise.h"
#include "engine/runtime/stream.h"
#include "kernels/error.h"
#include "kernels/scale_by.h"

namespace cucurbit {

namespace {
Tensor scale_by_constant(const Tensor& x, double factor, bool reciprocal) {
  const double by = reciprocal ? 1 / factor : factor;
  if (!std::isfinite(by) || !std::isfinite(factor))
    throw Error(ErrorKind::input, fmt::format("[scale_by] factor {}: expected a finite number{}", factor,
                                              reciprocal ? " other than 0, to divide by" : ""));
  return scale(x, by);
}
}  // namespace

Tensor scale_by(const Tensor& x, const StepValue& factor, bool reciprocal) {
  if (factor.is_constant()) return scale_by_constant(x, factor.constant(), reciprocal);
  const auto run = [factor, reciprocal](const Tensor& from, const Tensor& to, bool accumulate) {
    dispatch_float(from.dtype(), "scale_by", [&]<class T>(Type<T>) {
      kernels::scale_by(from.data<T>(), to.data<T>(), from.size(), factor.view(), reciprocal, accumulate, stream());
    });
  };
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  run(x, y, false);
  record(y, {x}, [x, run](const Tensor& dy) {
    const GradientTarget dx = gradient_target(x);
    run(dy, dx.tensor, dx.accumulate);
  });
  return y;
}

}  // namespace cucurbit
