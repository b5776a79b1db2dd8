#pragma once

#include <memory>
#include <string>

#include "engine/nn/parameter.h"
#include "kernels/step_state.h"

namespace cucurbit {

/// What a forward pass needs to know beyond its input.
struct ForwardContext {
  bool training = false;             // batch statistics and dropout, or running statistics and none
  const StepState* state = nullptr;  // device memory; read by dropout, required when training
};

/// A layer or a network: a function of one tensor with parameters of its own.
class Module {
 public:
  virtual ~Module() = default;

  virtual Tensor forward(const Tensor& x, const ForwardContext& context) = 0;

  /// Shape of the output for one input of this shape (the first dimension is the batch). Throws Error naming the layer
  /// if the layer cannot take it.
  virtual Shape output_shape(const Shape& input) const = 0;

  /// Multiply-adds of one forward pass, counted as two operations each; element-wise work is not counted.
  virtual double forward_flop(const Shape& /*input*/) const { return 0; }

  /// Appends this module's parameters and buffers, their names beginning with `prefix`.
  virtual void list_state(const std::string& /*prefix*/, StateList& /*list*/) {}
};

using ModulePtr = std::unique_ptr<Module>;

}  // namespace cucurbit
