#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "distill/methods/registry.h"

/// One object per method; tests/distill/methods_test.cpp drives every check from it, so that a new method is covered by
/// being registered, and fails the suite without a case.
namespace cucurbit::test {

struct MethodCase {
  std::string_view name;  // of the method
  /// The loss with the defaults of the method's knobs, composed of ordinary ops.
  std::function<Tensor(const DistillInputs& inputs, const LossWeights& weights)> composed;
};

}  // namespace cucurbit::test
