#include "engine/nn/dropout.h"

#include <fmt/format.h>

#include "engine/ops/dropout.h"
#include "kernels/error.h"

namespace cucurbit {

Dropout::Dropout(float probability, uint32_t purpose) : probability_(probability), purpose_(purpose) {
  if (!(probability >= 0 && probability < 1))
    throw Error(ErrorKind::usage, fmt::format("[dropout] probability {}: expected 0 <= p < 1", probability));
}

Tensor Dropout::forward(const Tensor& x, const ForwardContext& context) {
  if (!context.training || probability_ == 0) return x;
  return dropout(x, probability_, context.state, purpose_);
}

Tensor DropPath::apply(const Tensor& branch, const ForwardContext& context) const {
  return acts(context) ? drop_path(branch, probability, context.state, purpose) : branch;
}

}  // namespace cucurbit
