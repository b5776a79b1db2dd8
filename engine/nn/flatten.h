#pragma once

#include "engine/nn/module.h"

namespace cucurbit {

/// [N, ...] -> [N, product of the other sizes].
class Flatten : public Module {
 public:
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape infer_shape(const Shape& input, Survey* survey) const override;
};

}  // namespace cucurbit
