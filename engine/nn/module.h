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
  bool training = false;             // true: batch statistics, dropout; false: running statistics, no dropout
  const StepState* state = nullptr;  // device memory; read by dropout, required in training
  Features* features = nullptr;      // taps that the caller requests; null: none
};

/// A place in a network whose tensor Features can record: its name, and its shape for a batch of one.
struct Tap {
  std::string name;
  Shape shape;
};

/// What Module::infer_shape collects on its way through the layers.
struct Survey {
  double flop = 0;        // of one forward pass: a multiply-add is two operations; element-wise work is not counted
  std::vector<Tap> taps;  // in order of computation
};

/// A layer or a network: a function of one tensor with parameters of its own.
class Module {
 public:
  virtual ~Module() = default;

  virtual Tensor forward(const Tensor& x, const ForwardContext& context) = 0;

  /// The activation that ends the layer: forward(x) == activate(forward_preactivation(x), last_activation()).
  virtual Activation last_activation() const { return Activation::identity; }
  /// The output before that activation.
  virtual Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) { return forward(x, context); }

  /// The shape of the output for an input of shape `input`, whose first dimension is the batch. Adds the operations and
  /// taps of the module to `survey` unless that is null. Throws Error naming the layer if it cannot take the input.
  virtual Shape infer_shape(const Shape& input, Survey* survey) const = 0;
  Shape output_shape(const Shape& input) const { return infer_shape(input, nullptr); }

  /// Calls visit(prefix, child) for the modules that this one consists of, in order of construction; the names of a
  /// child's state begin with its prefix.
  using Visitor = std::function<void(const std::string& prefix, Module& child)>;
  virtual void for_each_child(const Visitor& /*visit*/) {}

  /// Appends the parameters and buffers of this module and of its children, their names beginning with `prefix`.
  void list_state(const std::string& prefix, StateList& list);

  /// Declares that parameters and buffers will not change any more, so that inference may keep values computed from
  /// them.
  virtual void freeze();

 protected:
  /// Appends the parameters and buffers of this module without those of its children.
  virtual void list_own_state(const std::string& /*prefix*/, StateList& /*list*/) {}
};

using ModulePtr = std::unique_ptr<Module>;

}  // namespace cucurbit
