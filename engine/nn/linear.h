#pragma once

#include <optional>

#include "engine/nn/module.h"

namespace cucurbit {

/// y = act(x W^T + b); x [N, in], W [out, in], b [out].
class Linear : public Module {
 public:
  struct Options {
    Activation activation = Activation::identity;
    bool bias = true;
    std::optional<Initializer> weight_initializer{};  // default: he_normal over `in`
    Initializer bias_initializer{};
    Shape map{};  // [H, W, C] if the inputs are a flattened map of this shape
  };
  Linear(int64_t in, int64_t out, const Options& options);
  Linear(int64_t in, int64_t out, Activation activation = Activation::identity);
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) override;
  Activation last_activation() const override { return options_.activation; }
  Shape infer_shape(const Shape& input, Survey* survey) const override;

 private:
  void list_own_state(const std::string& prefix, StateList& list) override;

  Parameter weight_, bias_;
  Options options_;
};

}  // namespace cucurbit
