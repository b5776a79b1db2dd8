#include "engine/ops/dropout.h"

#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/runtime/op_scope.h"
#include "engine/runtime/stream.h"
#include "kernels/dropout.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
/// run(from, to, accumulate, type) is the kernel of both directions: the backward pass draws the same mask again.
template <class Run>
Tensor masked(const char* op, const Tensor& x, float probability, const StepState* state, Run run) {
  if (!(probability >= 0 && probability < 1))
    throw Error(ErrorKind::input, fmt::format("[{}] probability {}: expected 0 <= p < 1", op, probability));
  if (probability == 0) return x;
  if (!state) throw Error(ErrorKind::bug, fmt::format("[{}] no step state: masks depend on seed and step", op));
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  const OpScope scope(op, [&] { return moves(x, 2); });
  dispatch_float(x.dtype(), op, [&](auto type) { run(x, y, false, type); });
  record(y, {x}, [op, x, run](const Tensor& dy) {
    const OpScope scope(op, [&] { return moves(x, 2); });
    const auto [dx, accumulate] = gradient_target(x);
    dispatch_float(x.dtype(), op, [&, &dx = dx, accumulate = accumulate](auto type) { run(dy, dx, accumulate, type); });
  });
  return y;
}
}  // namespace

Tensor dropout(const Tensor& x, float probability, const StepState* state, uint32_t purpose) {
  constexpr int64_t kMostElements = int64_t(1) << 34;  // one draw, with a 32-bit index, for four elements
  if (x.size() > kMostElements)
    throw Error(ErrorKind::input, fmt::format("[dropout] {}: more than {} elements", describe(x), kMostElements));
  return masked(
      "dropout", x, probability, state, [=]<class T>(const Tensor& from, const Tensor& to, bool accumulate, Type<T>) {
        kernels::dropout(from.data<T>(), to.data<T>(), from.size(), probability, state, purpose, accumulate, stream());
      });
}

Tensor drop_path(const Tensor& x, float probability, const StepState* state, uint32_t purpose) {
  if (x.rank() < 1 || x.dim(0) >= int64_t(1) << 32)
    throw Error(ErrorKind::input, fmt::format("[drop_path] {}: expected [N, ...], N below 2^32", describe(x)));
  return masked("drop_path", x, probability, state,
                [=]<class T>(const Tensor& from, const Tensor& to, bool accumulate, Type<T>) {
                  const int64_t batch = from.dim(0), size = batch > 0 ? from.size() / batch : 0;
                  kernels::drop_path(from.data<T>(), to.data<T>(), batch, size, probability, state, purpose, accumulate,
                                     stream());
                });
}

}  // namespace cucurbit
