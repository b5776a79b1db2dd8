#pragma once

#include <algorithm>
#include <cmath>

#include "engine/ops/softmax.h"
#include "op_cases/op_case.h"

namespace cucurbit::test {

inline Values reference_softmax(const Values& x, int64_t cols, bool logarithm) {
  Values y(x.size());
  for (size_t row = 0; row < x.size(); row += cols) {
    double largest = -INFINITY, sum = 0;
    for (int64_t c = 0; c < cols; ++c) largest = std::max(largest, x[row + c]);
    for (int64_t c = 0; c < cols; ++c) sum += std::exp(x[row + c] - largest);
    for (int64_t c = 0; c < cols; ++c) {
      const double log_y = x[row + c] - largest - std::log(sum);
      y[row + c] = logarithm ? log_y : std::exp(log_y);
    }
  }
  return y;
}

inline OpCase softmax_case(const Shape& shape, bool logarithm, double range) {
  OpCase op;
  op.name = logarithm ? "log_softmax" : "softmax";
  for (const int64_t dim : shape.dims()) op.name += "_" + std::to_string(dim);
  if (range != 1) op.name += "_range_" + std::to_string(int(range));
  op.inputs = {{.shape = shape, .low = -range, .high = range}};
  op.run = [=](const std::vector<Tensor>& in) { return logarithm ? log_softmax(in[0]) : softmax(in[0]); };
  op.reference = [=](const std::vector<Values>& in) { return reference_softmax(in[0], shape[-1], logarithm); };
  op.output = shape;
  op.sum_length = shape[-1];
  return op;
}

inline std::vector<OpCase> softmax_cases() {
  std::vector<OpCase> cases;
  for (const bool logarithm : {false, true}) {
    for (const int64_t cols : {1, 2, 3, 4, 7, 10, 16, 31, 32, 33, 100, 129, 257, 1000, 1025, 3000})
      cases.push_back(softmax_case({5, cols}, logarithm, 1));
    for (const int64_t cols : {10, 100, 1025}) cases.push_back(softmax_case({3, cols}, logarithm, 20));
    cases.push_back(softmax_case({0, 10}, logarithm, 1));
    cases.push_back(softmax_case({7}, logarithm, 1));
    cases.push_back(softmax_case({300, 10}, logarithm, 1));
    cases.push_back(softmax_case({2, 17, 6}, logarithm, 1));
  }
  return cases;
}

}  // namespace cucurbit::test
