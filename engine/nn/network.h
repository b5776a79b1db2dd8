#pragma once

#include "engine/nn/features.h"
#include "engine/nn/parameter_store.h"

namespace cucurbit {

/// A module with memory for its parameters: what is trained, evaluated and saved.
class Network {
 public:
  /// `input` is the shape of one image [H, W, C]. Throws Error naming the layer that cannot take its input.
  Network(std::string name, ModulePtr module, const Shape& input, int64_t classes, DType compute,
          const InitialValues& initial);
  Network(std::string name, ModulePtr module, const Shape& input, int64_t classes, DType compute, uint64_t seed)
      : Network(std::move(name), std::move(module), input, classes, compute, InitialValues{.seed = seed}) {}

  /// images [N, H, W, C] in the compute type -> logits [N, classes].
  Tensor forward(const Tensor& images, const ForwardContext& context = {}) { return module_->forward(images, context); }

  const std::string& name() const { return name_; }
  const Shape& input() const { return input_; }
  int64_t classes() const { return classes_; }
  /// The memory of the network's parameters, and of the parameters of parts that are trained with it.
  ParameterStore& store() { return store_; }
  const ParameterStore& store() const { return store_; }
  /// The network's own parameters and buffers: what is deployed.
  const StateList& state() const { return state_; }
  /// Number of trained values of the network itself.
  int64_t parameter_count() const;
  /// Floating-point operations of a forward pass with one image: see Survey.
  double forward_flop() const { return survey().flop; }

  /// The places whose tensors Features can record, with their shapes for a batch of one.
  std::vector<Tap> taps() const { return survey().taps; }
  /// Requests taps, for ForwardContext::features. For a name that is not among taps() throws Error usage, which
  /// suggests the most similar one.
  Features features(const std::vector<std::string>& wanted) const;

  /// See Module::freeze and ParameterStore::freeze; FrozenNetwork is the type of a frozen network.
  void freeze();

 private:
  Survey survey() const;

  std::string name_;
  ModulePtr module_;
  Shape input_;
  int64_t classes_;
  ParameterStore store_;
  StateList state_;
};

}  // namespace cucurbit
