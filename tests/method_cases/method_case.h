#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "distill/methods/registry.h"

/// One object per method, in a file of its own in this folder, which is compiled by being there.
/// tests/distill/methods_test.cpp drives every check from it: a method is covered by being registered, and the suite
/// fails for a method without a case.
namespace cucurbit::test {

struct MethodCase {
  std::string_view name;  // of the method
  /// The loss with the defaults of the method's knobs, composed of ordinary ops.
  std::function<Tensor(const DistillInputs& inputs, const LossWeights& weights)> composed;
};

/// All registered cases, in no particular order.
inline std::vector<MethodCase>& method_cases() {
  static std::vector<MethodCase> cases;
  return cases;
}

/// const RegisterMethod kd{{...}}; in tests/method_cases/kd.cpp
struct RegisterMethod {
  explicit RegisterMethod(const MethodCase& one) { method_cases().push_back(one); }
};

}  // namespace cucurbit::test
