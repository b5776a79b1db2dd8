#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string_view>

#include "distill/methods/registry.h"

/// One file per method in this folder, compiled by being there, with a test that is named after the method, "-" being "_":
///
///   TEST(MethodCases, kd) { check_method("kd", composed); }
///
/// tests/distill/methods_test.cpp fails for a method without one.
namespace cucurbit::test {

/// A loss composed of ordinary ops.
using ComposedLoss = std::function<Tensor(const DistillInputs& inputs, const LossWeights& weights)>;

/// Compares the loss of a method with the defaults of its knobs, and its gradient, with `composed`: in double precision, on
/// random logits of several shapes.
void check_method(std::string_view method, const ComposedLoss& composed);

}  // namespace cucurbit::test
