#pragma once

#include "engine/nn/network.h"

namespace cucurbit {

/// A tensor that is constant: no gradient flows through it. It is not a Tensor, so that it cannot be made one that needs a
/// gradient; ops take its constant(), a loss its values.
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

/// A network that answers and does not learn. Its parameters take no gradient and have no memory for one, its forward
/// pass leaves no node on a tape and keeps no activation, and the norms behind its convolutions are folded into them
/// once.
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
  /// See ParameterStore::digest: equal before and after whatever the network was used for.
  std::string digest() const { return network_.store().digest(); }

  /// For what reads a network without training it: evaluation, files.
  Network& network() { return network_; }

 private:
  Network network_;
};

}  // namespace cucurbit
