#pragma once

#include "engine/nn/network.h"

namespace cucurbit {

/// A constant tensor, through which no gradient flows. It is a type of its own, so that its gradient cannot be
/// requested; ops and losses take its constant().
class FrozenTensor {
 public:
  FrozenTensor() = default;  // undefined
  explicit FrozenTensor(const Tensor& tensor) : tensor_(tensor.detach()) {}

  explicit operator bool() const { return bool(tensor_); }
  const Shape& shape() const { return tensor_.shape(); }
  DType dtype() const { return tensor_.dtype(); }
  /// The same memory as an input of ops, through which no gradient flows.
  const Tensor& constant() const { return tensor_; }

 private:
  Tensor tensor_;
};

/// A network for inference only. Its parameters receive no gradients and have no memory for them, its forward pass
/// records no nodes on a tape and keeps no activations, and norms after convolutions are folded into them once.
class FrozenNetwork {
 public:
  explicit FrozenNetwork(Network network) : network_(std::move(network)) { network_.freeze(); }

  /// images [N, H, W, C] in the compute type -> logits [N, classes], in inference mode. `features` as in
  /// ForwardContext; what it records is constant.
  FrozenTensor forward(const Tensor& images, Features* features = nullptr);

  const std::string& name() const { return network_.name(); }
  const Shape& input() const { return network_.input(); }
  int64_t classes() const { return network_.classes(); }
  DType compute() const { return network_.store().compute(); }
  int64_t parameter_count() const { return network_.parameter_count(); }
  std::vector<Tap> taps() const { return network_.taps(); }
  Features features(const std::vector<std::string>& wanted) const { return network_.features(wanted); }
  /// See ParameterStore::digest. The digest is the same before and after any use of the network.
  std::string digest() const { return network_.store().digest(); }

  /// For code that reads a network without training it: evaluation, files.
  Network& network() { return network_; }

 private:
  Network network_;
};

}  // namespace cucurbit
