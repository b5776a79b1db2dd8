#pragma once

#include "engine/nn/module.h"
#include "engine/ops/conv_norm.h"

namespace cucurbit {

/// Batch normalisation over all but the last dimension, fused with the activation after it and, through
/// forward_residual, with the addition before that: act(norm(x) + residual).
class BatchNorm2d : public Module {
 public:
  struct Options {
    Activation activation = Activation::identity;
    double epsilon = 1e-5;
    double momentum = 0.1;      // weight of the newest batch in the running statistics
    bool trained_scale = true;  // false: gamma stays 1
  };
  BatchNorm2d(int64_t channels, const Options& options);
  explicit BatchNorm2d(int64_t channels, Activation activation = Activation::identity);
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  /// act(norm(x) + residual), without act unless `activated`. `residual` has the shape of x, or is undefined.
  Tensor forward_residual(const Tensor& x, const Tensor& residual, const ForwardContext& context,
                          bool activated = true);
  Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) override {
    return forward_residual(x, {}, context, false);
  }
  Activation last_activation() const override { return options_.activation; }
  Shape infer_shape(const Shape& input, Survey* survey) const override;
  /// The parameters and running statistics, as inference uses them.
  FrozenNorm frozen() const;

 private:
  void list_own_state(const std::string& prefix, StateList& list) override;
  const Tensor& gamma() const { return options_.trained_scale ? gamma_.value : fixed_gamma_.value; }

  Options options_;
  Parameter gamma_, beta_;
  Buffer fixed_gamma_, running_mean_, running_variance_;
};

}  // namespace cucurbit
