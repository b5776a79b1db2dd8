#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor.h"

namespace cucurbit {

/// The tensors at the requested taps of one forward pass, by the names of Network::taps(): what a loss may compare
/// besides logits. Gradients flow through them. Passed in ForwardContext; taps that are not requested cost nothing.
class Features {
 public:
  Features() = default;  // requests nothing
  explicit Features(const std::vector<std::string>& wanted);

  /// True if the tap was requested.
  bool wants(std::string_view name) const;
  /// Keeps `value` if the tap was requested, in place of the tensor of an earlier pass.
  void record(std::string_view name, const Tensor& value);
  /// Throws Error bug for a tap that was not requested or not yet recorded.
  const Tensor& at(std::string_view name) const;
  /// Releases the tensors; the taps remain requested.
  void clear();

 private:
  struct Entry {
    std::string name;
    Tensor value;
  };
  std::vector<Entry> entries_;
};

}  // namespace cucurbit
