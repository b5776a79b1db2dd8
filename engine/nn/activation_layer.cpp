#include "engine/nn/activation_layer.h"

#include "engine/ops/activation.h"
#include "engine/ops/elementwise.h"

namespace cucurbit {

Tensor ActivationLayer::forward(const Tensor& x, const ForwardContext&) { return activate(x, activation_); }

Tensor Scale::forward(const Tensor& x, const ForwardContext&) { return scale(x, factor_); }

}  // namespace cucurbit
