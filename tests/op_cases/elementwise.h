#pragma once

#include <algorithm>
#include <cmath>

#include "engine/ops/elementwise.h"
#include "op_cases/op_case.h"

namespace cucurbit::test {

using UnaryOp = std::function<Tensor(const Tensor&)>;
using BinaryOp = std::function<Tensor(const Tensor&, const Tensor&)>;

inline OpCase unary_case(const std::string& name, UnaryOp run, double (*f)(double), double low, double high,
                         const Shape& shape) {
  OpCase op;
  op.name = name + "_" + std::to_string(shape.size());
  op.inputs = {{.shape = shape, .low = low, .high = high}};
  op.run = [run](const std::vector<Tensor>& in) { return run(in[0]); };
  op.reference = [f](const std::vector<Values>& in) {
    Values y;
    for (double x : in[0]) y.push_back(f(x));
    return y;
  };
  op.output = shape;
  return op;
}

/// Element of a tensor of shape `dims` that is read for the multi-index of `flat` in `result`.
inline int64_t broadcast_index(int64_t flat, const Shape& result, const Shape& dims) {
  int64_t at = 0, step = 1;
  for (int place = 1; place <= result.rank(); ++place) {
    const int64_t i = flat % result[-place];
    flat /= result[-place];
    if (place > dims.rank()) continue;
    if (dims[-place] > 1) at += i * step;
    step *= dims[-place];
  }
  return at;
}

inline OpCase binary_case(const std::string& name, BinaryOp run, double (*f)(double, double), const Shape& a,
                          const Shape& b, const Shape& result, const std::string& size) {
  OpCase op;
  op.name = name + "_" + size;
  // b's values lie between a's, so that a maximum has no ties, and away from 0, so that a quotient is tame.
  op.inputs = {{.shape = a}, {.shape = b, .low = 0.5 + 1.0 / 256, .high = 1.5 + 1.0 / 256}};
  op.run = [run](const std::vector<Tensor>& in) { return run(in[0], in[1]); };
  op.reference = [=](const std::vector<Values>& in) {
    Values y;
    for (int64_t i = 0; i < result.size(); ++i)
      y.push_back(f(in[0][broadcast_index(i, result, a)], in[1][broadcast_index(i, result, b)]));
    return y;
  };
  op.output = result;
  op.sum_length = std::max<int64_t>(result.size() / std::max<int64_t>(std::min(a.size(), b.size()), 1), 1);
  return op;
}

inline OpCase layout_case(bool to_nhwc, const Shape& shape, const std::string& size) {
  const Shape result =
      to_nhwc ? Shape{shape[0], shape[2], shape[3], shape[1]} : Shape{shape[0], shape[3], shape[1], shape[2]};
  const int64_t N = shape[0], rows = to_nhwc ? shape[1] : shape[1] * shape[2];
  const int64_t cols = to_nhwc ? shape[2] * shape[3] : shape[3];
  OpCase op;
  op.name = (to_nhwc ? "nchw_to_nhwc_" : "nhwc_to_nchw_") + size;
  op.inputs = {{.shape = shape}};
  op.run = [to_nhwc](const std::vector<Tensor>& in) { return to_nhwc ? nchw_to_nhwc(in[0]) : nhwc_to_nchw(in[0]); };
  op.reference = [=](const std::vector<Values>& in) {
    Values y(in[0].size());
    for (int64_t n = 0; n < N; ++n)
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < cols; ++c) y[(n * cols + c) * rows + r] = in[0][(n * rows + r) * cols + c];
    return y;
  };
  op.output = result;
  return op;
}

inline std::vector<OpCase> unary_cases() {
  std::vector<OpCase> cases;
  for (const Shape& shape : {Shape{1}, Shape{3, 1025}, Shape{0, 7}}) {
    cases.push_back(unary_case(
        "exp", exp, [](double x) { return std::exp(x); }, -2, 2, shape));
    cases.push_back(unary_case(
        "log", log, [](double x) { return std::log(x); }, 0.25, 2, shape));
    cases.push_back(unary_case(
        "sqrt", sqrt, [](double x) { return std::sqrt(x); }, 0.25, 2, shape));
    cases.push_back(unary_case(
        "square", square, [](double x) { return x * x; }, -2, 2, shape));
    cases.push_back(unary_case(
        "abs", abs, [](double x) { return std::abs(x); }, -1, 1, shape));
    cases.push_back(unary_case(
        "neg", neg, [](double x) { return -x; }, -1, 1, shape));
    cases.push_back(unary_case(
        "scale", [](const Tensor& x) { return scale(x, -2.5, 0.25); }, [](double x) { return -2.5 * x + 0.25; }, -1, 1,
        shape));
  }
  return cases;
}

inline std::vector<OpCase> binary_cases() {
  struct Op {
    const char* name;
    BinaryOp run;
    double (*f)(double, double);
  };
  const Op ops[] = {{"add", add, [](double a, double b) { return a + b; }},
                    {"sub", sub, [](double a, double b) { return a - b; }},
                    {"mul", mul, [](double a, double b) { return a * b; }},
                    {"div", div, [](double a, double b) { return a / b; }},
                    {"maximum", maximum, [](double a, double b) { return std::max(a, b); }}};
  std::vector<OpCase> cases;
  for (const auto& [name, run, f] : ops) {
    cases.push_back(binary_case(name, run, f, {3, 1025}, {3, 1025}, {3, 1025}, "equal"));
    cases.push_back(binary_case(name, run, f, {3, 35}, {}, {3, 35}, "scalar"));
    cases.push_back(binary_case(name, run, f, {1}, {33, 7}, {33, 7}, "one"));
    cases.push_back(binary_case(name, run, f, {65, 33}, {33}, {65, 33}, "trailing"));
    cases.push_back(binary_case(name, run, f, {5, 1}, {5, 40}, {5, 40}, "rows"));
    cases.push_back(binary_case(name, run, f, {9, 1}, {1, 31}, {9, 31}, "outer_product"));
    cases.push_back(binary_case(name, run, f, {3, 1, 5, 1, 2}, {4, 1, 3, 1}, {3, 4, 5, 3, 2}, "five"));
    cases.push_back(binary_case(name, run, f, {2, 1, 3, 1, 5, 1}, {1, 3, 1, 2, 1, 7}, {2, 3, 3, 2, 5, 7}, "six"));
    cases.push_back(binary_case(name, run, f, {0, 3}, {3}, {0, 3}, "empty"));
  }
  return cases;
}

/// Up to the accumulator's type, and down to bf16, which holds the values of the inputs exactly.
inline std::vector<OpCase> cast_cases() {
  const auto same = [](double x) { return x; };
  const auto up = [](const Tensor& x) { return cast(x, accumulator_of(x.dtype())); };
  const auto down = [](const Tensor& x) { return cast(x, DType::bf16); };
  std::vector<OpCase> cases;
  for (const Shape& shape : {Shape{1}, Shape{3, 1025}, Shape{0, 7}}) {
    cases.push_back(unary_case("cast", up, same, -1, 1, shape));
    cases.push_back(unary_case("cast", down, same, -1, 1, shape));
    cases.back().name += "_down";
  }
  return cases;
}

inline std::vector<OpCase> layout_cases() {
  return {layout_case(true, {2, 3, 5, 7}, "2x3x5x7"), layout_case(true, {1, 65, 8, 5}, "1x65x8x5"),
          layout_case(true, {0, 3, 4, 4}, "empty"), layout_case(false, {2, 5, 7, 3}, "2x5x7x3"),
          layout_case(false, {3, 6, 6, 33}, "3x6x6x33")};
}

}  // namespace cucurbit::test
