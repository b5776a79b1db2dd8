#pragma once

#include "op_cases/activation.h"

namespace cucurbit::test {

inline OpCase bias_case(Activation kind, const Shape& shape, const std::string& size) {
  const int64_t C = shape[-1], rows = C ? shape.size() / C : 0;
  OpCase op;
  op.name = std::string("bias_") + name(kind) + "_" + size;
  // Neither 2 (a + b) + 0.01 can be 0: no value lies at a kink.
  op.inputs = {{.shape = shape, .low = -2, .high = 2},
               {.shape = {C}, .kind = Input::Kind::parameter, .low = -0.245, .high = 0.255}};
  op.run = [kind](const std::vector<Tensor>& in) { return bias_activation(in[0], in[1], kind); };
  op.reference = [=](const std::vector<Values>& in) {
    Values y;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < C; ++c) y.push_back(reference_activation(kind, in[0][r * C + c] + in[1][c]));
    return y;
  };
  op.output = shape;
  op.sum_length = std::max<int64_t>(rows, 1);
  return op;
}

inline std::vector<OpCase> bias_cases() {
  std::vector<OpCase> cases;
  for (Activation kind : kActivations) {
    cases.push_back(bias_case(kind, {5, 33}, "5x33"));          // no multiple of the vector width
    cases.push_back(bias_case(kind, {40, 600}, "40x600"));      // three tiles of columns, two chunks of rows
    cases.push_back(bias_case(kind, {2, 8, 8, 6}, "2x8x8x6"));  // folded
  }
  for (Activation kind : {Activation::relu, Activation::gelu}) {
    cases.push_back(bias_case(kind, {128, 1200}, "128x1200"));
    cases.push_back(bias_case(kind, {7, 1}, "7x1"));
    cases.push_back(bias_case(kind, {1, 257}, "1x257"));
    cases.push_back(bias_case(kind, {0, 10}, "no_rows"));
    cases.push_back(bias_case(kind, {3, 0}, "no_columns"));
  }
  return cases;
}

}  // namespace cucurbit::test
