#include "engine/ops/bias.h"

#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/runtime/stream.h"
#include "kernels/error.h"
#include "kernels/reduction.h"

namespace cucurbit {

void expect_bias(const char* op, const Tensor& bias, int64_t outputs, const Tensor& x) {
  if (!bias || (bias.shape() == Shape{outputs} && bias.dtype() == accumulator_of(x.dtype()))) return;
  throw Error(ErrorKind::input, fmt::format("[{}] bias is {}, input {}: expected {} [{}]", op, describe(bias),
                                            describe(x), name(accumulator_of(x.dtype())), outputs));
}

void pass_bias_gradient(const Tensor& bias, const Tensor& dy) {
  if (!wants_gradient(bias)) return;
  const int64_t cols = dy.dim(-1), rows = cols ? dy.size() / cols : 0;
  const GradientTarget target = gradient_target(bias);
  const Tensor workspace = Tensor::empty({ColumnSplit(rows, cols).partials()}, bias.dtype());
  dispatch_float(dy.dtype(), "bias", [&]<class T>(Type<T>) {
    using A = acc_t<T>;
    kernels::reduce_columns(dy.data<T>(), target.tensor.data<A>(), rows, cols, Reduction::sum, target.accumulate,
                            workspace.data<A>(), stream());
  });
}

}  // namespace cucurbit
