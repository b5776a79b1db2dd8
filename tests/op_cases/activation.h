#pragma once

#include <cmath>

#include "engine/ops/activation.h"
#include "op_cases/op_case.h"

namespace cucurbit::test {

inline double reference_activation(Activation kind, double x) {
  switch (kind) {
    case Activation::identity:
      return x;
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::leaky_relu:
      return x > 0 ? x : 0.01 * x;
    case Activation::gelu:
      return x * std::erfc(-x / std::sqrt(2.0)) / 2;
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::tanh:
      return std::tanh(x);
    case Activation::relu6:
      return std::min(std::max(x, 0.0), 6.0);
  }
  return NAN;
}

inline OpCase activation_case(Activation kind, const Shape& shape, double range, const std::string& size) {
  OpCase op;
  op.name = std::string("activation_") + name(kind) + "_" + size;
  op.inputs = {{.shape = shape, .low = -range, .high = range}};
  op.run = [kind](const std::vector<Tensor>& in) { return activate(in[0], kind); };
  op.reference = [kind](const std::vector<Values>& in) {
    Values y;
    for (double x : in[0]) y.push_back(reference_activation(kind, x));
    return y;
  };
  op.output = shape;
  return op;
}

inline std::vector<OpCase> activation_cases() {
  std::vector<OpCase> cases;
  for (Activation kind : kActivations) {
    cases.push_back(activation_case(kind, {3, 1025}, 4, "3x1025"));
    cases.push_back(activation_case(kind, {1}, 1, "1"));
    cases.push_back(activation_case(kind, {0, 5}, 1, "empty"));
  }
  cases.push_back(activation_case(Activation::relu, {2, 31, 33, 7}, 1, "2x31x33x7"));
  for (Activation kind : {Activation::gelu, Activation::relu6})
    cases.push_back(activation_case(kind, {2048 + 1023}, 8, "wide_range"));
  return cases;
}

}  // namespace cucurbit::test
