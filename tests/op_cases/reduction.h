#pragma once

#include <algorithm>

#include "engine/ops/reduction.h"
#include "op_cases/op_case.h"

namespace cucurbit::test {

inline OpCase reduction_case(bool mean_of, Axes axes, const Shape& shape, const std::string& size) {
  const int64_t C = shape.rank() ? shape[-1] : 1;
  int64_t rows = 1;
  for (int axis = 0; axis + 1 < shape.rank(); ++axis) rows *= shape[axis];
  std::vector<int64_t> leading = shape.dims();
  if (!leading.empty()) leading.pop_back();
  OpCase op;
  op.name = std::string(mean_of ? "mean_" : "sum_") +
            (axes == Axes::all    ? "all_"
             : axes == Axes::last ? "last_"
                                  : "leading_") +
            size;
  op.inputs = {{.shape = shape}};
  op.run = [=](const std::vector<Tensor>& in) { return mean_of ? mean(in[0], axes) : sum(in[0], axes); };
  op.output = axes == Axes::all ? Shape{} : axes == Axes::last ? Shape(leading) : Shape{C};
  op.sum_length = std::max<int64_t>(axes == Axes::all ? rows * C : axes == Axes::last ? C : rows, 1);
  op.reference = [=, outputs = op.output.size(), length = op.sum_length](const std::vector<Values>& in) {
    Values y(outputs);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < C; ++c)
        y[axes == Axes::all ? 0 : axes == Axes::last ? r : c] += in[0][r * C + c] / (mean_of ? double(length) : 1.0);
    return y;
  };
  return op;
}

inline std::vector<OpCase> reduction_cases() {
  std::vector<OpCase> cases;
  for (bool mean_of : {false, true})
    for (Axes axes : {Axes::all, Axes::last, Axes::leading}) {
      cases.push_back(reduction_case(mean_of, axes, {1}, "1"));
      cases.push_back(reduction_case(mean_of, axes, {33, 31}, "33x31"));
      cases.push_back(reduction_case(mean_of, axes, {2, 5, 1025}, "2x5x1025"));
      cases.push_back(reduction_case(mean_of, axes, {64, 9, 3}, "64x9x3"));
    }
  cases.push_back(reduction_case(false, Axes::last, {3, 5000}, "3x5000"));     // long rows: one block each
  cases.push_back(reduction_case(false, Axes::leading, {70, 700}, "70x700"));  // rows in chunks, columns in tiles
  cases.push_back(reduction_case(false, Axes::all, {3, 9000}, "3x9000"));      // summed in several pieces
  cases.push_back(reduction_case(false, Axes::all, {}, "scalar"));
  cases.push_back(reduction_case(false, Axes::all, {0, 4}, "empty"));
  cases.push_back(reduction_case(false, Axes::leading, {0, 4}, "empty"));
  cases.push_back(reduction_case(false, Axes::last, {4, 0}, "empty"));
  return cases;
}

}  // namespace cucurbit::test
