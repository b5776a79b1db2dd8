#pragma once

#include <functional>
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

/// A place in a network whose tensor Features can have: its name and, for one input, its shape.
struct Tap {
  std::string name;
  Shape shape;
};

/// What a walk over the shapes of a module finds.
struct Survey {
  double flop = 0;        // of one forward pass: a multiply-add is two operations, element-wise work is not counted
  std::vector<Tap> taps;  // in order of computation
};

/// A layer or a network: a function of one tensor with parameters of its own.
class Module {
 public:
  virtual ~Module() = default;

  virtual Tensor forward(const Tensor& x, const ForwardContext& context) = 0;

  /// The activation that ends the layer: forward(x) == activate(forward_preactivation(x), last_activation()).
  virtual Activation last_activation() const { return Activation::identity; }
  virtual Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) { return forward(x, context); }

  /// The shape of the output for an input of this shape, whose first dimension is the batch; adds what it passes to
  /// `survey` unless that is null. Throws Error naming the layer if the layer cannot take the input.
  virtual Shape infer_shape(const Shape& input, Survey* survey) const = 0;
  Shape output_shape(const Shape& input) const { return infer_shape(input, nullptr); }

  /// Calls visit(prefix, child) for the modules that this one is made of, in order of construction; the names of a
  /// child's state begin with its prefix.
  using Visitor = std::function<void(const std::string& prefix, Module& child)>;
  virtual void for_each_child(const Visitor& /*visit*/) {}

  /// Appends the parameters and buffers of this module and of its children, their names beginning with `prefix`.
  void list_state(const std::string& prefix, StateList& list);

  /// From now on the parameters and buffers stay as they are: inference keeps what it can compute of them once.
  virtual void freeze();

 protected:
  /// Appends what this module holds itself.
  virtual void list_own_state(const std::string& /*prefix*/, StateList& /*list*/) {}
};

using ModulePtr = std::unique_ptr<Module>;

}  // namespace cucurbit
