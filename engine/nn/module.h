#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/nn/parameter.h"
#include "kernels/activation.h"
#include "kernels/step_state.h"

namespace cucurbit {

class Features;

/// What a forward pass needs to know beyond its input.
struct ForwardContext {
  bool training = false;             // batch statistics and dropout, or running statistics and none
  const StepState* state = nullptr;  // device memory; read by dropout, required when training
  Features* features = nullptr;      // intermediate tensors that the caller wants
};

/// A tensor that Features can have: its name and, for one input, its shape.
struct Tap {
  std::string name;
  Shape shape;
};

/// A layer or a network: a function of one tensor with parameters of its own.
class Module {
 public:
  virtual ~Module() = default;

  virtual Tensor forward(const Tensor& x, const ForwardContext& context) = 0;

  /// The activation that ends the layer: forward(x) is that of forward_preactivation(x), which lacks it.
  virtual Activation last_activation() const { return Activation::identity; }
  virtual Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) { return forward(x, context); }

  /// Shape of the output for one input of this shape (the first dimension is the batch). Throws Error naming the layer
  /// if the layer cannot take it.
  virtual Shape output_shape(const Shape& input) const = 0;

  /// Multiply-adds of one forward pass, counted as two operations each; element-wise work is not counted.
  virtual double forward_flop(const Shape& /*input*/) const { return 0; }

  /// Appends this module's parameters and buffers, their names beginning with `prefix`.
  virtual void list_state(const std::string& /*prefix*/, StateList& /*list*/) {}

  /// Appends the tensors that can be had from within, for an input of this shape, in order of computation.
  virtual void list_taps(const Shape& /*input*/, std::vector<Tap>& /*taps*/) const {}
};

using ModulePtr = std::unique_ptr<Module>;

}  // namespace cucurbit
