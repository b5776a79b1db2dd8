#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor.h"

namespace cucurbit {

/// Intermediate tensors of one forward pass, by the names of Network::taps(): what a loss compares besides logits.
/// Gradients flow through them. Passed in ForwardContext; what is not wanted costs nothing.
class Features {
 public:
  Features() = default;  // wants nothing
  explicit Features(const std::vector<std::string>& wanted);

  bool wants(std::string_view name) const;
  /// Keeps `value` if it is wanted, in place of what an earlier pass left.
  void record(std::string_view name, const Tensor& value);
  /// Throws Error bug for a tensor that was not wanted or not yet recorded.
  const Tensor& at(std::string_view name) const;
  /// Forgets the tensors, not the names: releases their memory.
  void clear();

 private:
  struct Entry {
    std::string name;
    Tensor value;
  };
  std::vector<Entry> entries_;
};

}  // namespace cucurbit
