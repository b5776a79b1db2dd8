#pragma once

#include "engine/nn/module.h"

namespace cucurbit {

/// In training, zeroes elements with the given probability and scales the others by 1 / (1 - probability).
class Dropout : public Module {
 public:
  /// `purpose` distinguishes the dropout layers of one network; each draws from a random stream of its own.
  Dropout(float probability, uint32_t purpose);
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape infer_shape(const Shape& input, Survey*) const override { return input; }

 private:
  float probability_;
  uint32_t purpose_;
};

/// Stochastic depth of one residual branch: in training, zeroes whole samples with the given probability and scales the
/// others by 1 / (1 - probability).
struct DropPath {
  float probability = 0;
  uint32_t purpose = 0;  // distinguishes the branches of one network

  bool acts(const ForwardContext& context) const { return context.training && probability > 0; }
  Tensor apply(const Tensor& branch, const ForwardContext& context) const;
};

}  // namespace cucurbit
