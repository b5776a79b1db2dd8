#pragma once

#include <algorithm>

#include "engine/ops/scale_by.h"
#include "engine/runtime/stream.h"
#include "kernels/elementwise.h"
#include "op_cases/op_case.h"

namespace cucurbit::test {

/// A table of `values`, written by kernels: the host may not copy to the device while a step is captured.
inline Tensor table_on_device(const std::vector<double>& values) {
  const Tensor table = Tensor::empty({int64_t(values.size())}, DType::f64);
  for (size_t i = 0; i < values.size(); ++i) kernels::fill(table.data<double>() + i, 1, values[i], stream());
  return table;
}

/// x times the value of the step. The step state is the second input, as ten 32-bit words; the table holds two values,
/// and steps beyond take the last.
inline OpCase scale_by_case(const Shape& shape, const std::string& size, bool reciprocal) {
  static_assert(sizeof(StepState) == 10 * sizeof(int32_t));
  const std::vector<double> table = {-3, 0.375};
  OpCase op;
  op.name = (reciprocal ? "scale_by_reciprocal_" : "scale_by_") + size;
  op.inputs = {{.shape = shape}, {.shape = {10}, .kind = Input::Kind::labels, .low = 0, .high = 1 << 30}};
  op.run = [=](const std::vector<Tensor>& in) {
    const StepValue factor(table_on_device(table), static_cast<const StepState*>(in[1].raw()));
    return scale_by(in[0], factor, reciprocal);
  };
  op.reference = [=](const std::vector<Values>& in) {
    const auto word = [&](int i) { return uint64_t(in[1][i]) | uint64_t(in[1][i + 1]) << 32; };
    const uint64_t step = word(2) / word(8);  // micro-batches over micro-batches of a step
    const double factor = table[std::min<uint64_t>(step, 1)];
    Values y;
    for (const double x : in[0]) y.push_back(reciprocal ? x / factor : x * factor);
    return y;
  };
  op.output = shape;
  return op;
}

inline std::vector<OpCase> scale_by_cases() {
  return {scale_by_case({3, 1025}, "large", false), scale_by_case({3, 1025}, "large", true),
          scale_by_case({7}, "small", false), scale_by_case({1}, "one", true), scale_by_case({0, 3}, "empty", false)};
}

}  // namespace cucurbit::test
