#include "engine/ops/dropout.h"

#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/profile/profiler.h"
#include "engine/runtime/stream.h"
#include "kernels/dropout.h"
#include "kernels/error.h"

namespace cucurbit {

Tensor dropout(const Tensor& x, float probability, const StepState* state, uint32_t purpose) {
  constexpr int64_t kMostElements = int64_t(1) << 34;  // a draw has a 32-bit index and serves four elements
  if (!(probability >= 0 && probability < 1))
    throw Error(ErrorKind::input, fmt::format("[dropout] probability {}: want 0 <= p < 1", probability));
  if (x.size() > kMostElements)
    throw Error(ErrorKind::input, fmt::format("[dropout] {}: more than {} elements", describe(x), kMostElements));
  if (probability == 0) return x;
  if (!state) throw Error(ErrorKind::bug, "[dropout] no step state: the mask is a function of seed and step");
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  const auto run = [=]<class T>(const Tensor& from, const Tensor& to, bool accumulate, Type<T>) {
    const ProfileScope profile("dropout", [&] { return moves(from, 2); });
    kernels::dropout(from.data<T>(), to.data<T>(), from.size(), probability, state, purpose, accumulate, stream());
  };
  dispatch_float(x.dtype(), "dropout", [&](auto type) { run(x, y, false, type); });
  record(y, {x}, [x, run](const Tensor& dy) {
    const auto [dx, accumulate] = gradient_target(x);
    dispatch_float(x.dtype(), "dropout",
                   [&, &dx = dx, accumulate = accumulate](auto type) { run(dy, dx, accumulate, type); });
  });
  return y;
}

}  // namespace cucurbit
