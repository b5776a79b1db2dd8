#pragma once

#include "engine/nn/module.h"

namespace cucurbit {

/// While training, zeroes elements with this probability and scales the rest by 1 / (1 - probability).
class Dropout : public Module {
 public:
  /// `purpose` tells the dropout layers of one network apart; each draws from a random stream of its own.
  Dropout(float probability, uint32_t purpose);
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape infer_shape(const Shape& input, Survey*) const override { return input; }

 private:
  float probability_;
  uint32_t purpose_;
};

/// Stochastic depth of one residual branch: while training, zeroes whole samples with this probability and scales the
/// rest by 1 / (1 - probability).
struct DropPath {
  float probability = 0;
  uint32_t purpose = 0;  // tells the branches of one network apart

  bool acts(const ForwardContext& context) const { return context.training && probability > 0; }
  Tensor apply(const Tensor& branch, const ForwardContext& context) const;
};

}  // namespace cucurbit
