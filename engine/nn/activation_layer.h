#pragma once

#include "engine/nn/module.h"

/// Element-wise layers without parameters.
namespace cucurbit {

/// An activation as a layer of its own, where no other layer can apply it.
class ActivationLayer : public Module {
 public:
  explicit ActivationLayer(Activation activation) : activation_(activation) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Tensor forward_preactivation(const Tensor& x, const ForwardContext&) override { return x; }
  Activation last_activation() const override { return activation_; }
  Shape infer_shape(const Shape& input, Survey*) const override { return input; }

 private:
  Activation activation_;
};

/// y = factor * x
class Scale : public Module {
 public:
  explicit Scale(double factor) : factor_(factor) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape infer_shape(const Shape& input, Survey*) const override { return input; }

 private:
  double factor_;
};

}  // namespace cucurbit
