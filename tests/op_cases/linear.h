#pragma once

#include <cmath>

#include "engine/ops/linear.h"
#include "op_cases/activation.h"

namespace cucurbit::test {

inline OpCase linear_case(int64_t rows, int64_t in, int64_t out, bool with_bias, Activation kind) {
  OpCase op;
  op.name = "linear_" + std::to_string(rows) + "_" + std::to_string(in) + "_" + std::to_string(out) + "_" +
            cucurbit::name(kind) + (with_bias ? "_bias" : "");
  op.inputs = {{.shape = {rows, in}}, {.shape = {out, in}}};
  if (with_bias) op.inputs.push_back({.shape = {out}, .kind = Input::Kind::parameter});
  op.run = [=](const std::vector<Tensor>& t) { return linear(t[0], t[1], with_bias ? t[2] : Tensor(), kind); };
  op.reference = [=](const std::vector<Values>& t) {
    Values y(rows * out);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < out; ++j) {
        double z = with_bias ? t[2][j] : 0;
        for (int64_t l = 0; l < in; ++l) z += t[0][i * in + l] * t[1][j * in + l];
        y[i * out + j] = reference_activation(kind, z);
      }
    return y;
  };
  op.output = {rows, out};
  op.sum_length = std::max({rows, in, out});
  op.flop = 2.0 * double(rows) * double(in) * double(out);
  op.both_maths = true;
  return op;
}

inline std::vector<OpCase> linear_cases() {
  std::vector<OpCase> cases;
  for (Activation kind : kActivations) {
    cases.push_back(linear_case(5, 7, 10, true, kind));
    cases.push_back(linear_case(3, 4, 33, false, kind));
  }
  const Activation none = Activation::identity;
  for (bool with_bias : {false, true}) {
    cases.push_back(linear_case(1, 1, 1, with_bias, none));
    cases.push_back(linear_case(0, 6, 4, with_bias, none));
    cases.push_back(linear_case(65, 33, 31, with_bias, none));
  }
  cases.push_back(linear_case(0, 6, 4, true, Activation::gelu));
  return cases;
}

}  // namespace cucurbit::test
