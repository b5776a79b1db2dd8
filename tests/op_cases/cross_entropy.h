#pragma once

#include <algorithm>
#include <cmath>

#include "engine/ops/cross_entropy.h"
#include "engine/runtime/stream.h"
#include "kernels/elementwise.h"
#include "op_cases/op_case.h"

namespace cucurbit::test {

/// Row-wise -sum_c target[c] ln softmax(x)[c], averaged over the rows whose label is not -100. Sums are long double:
/// the central differences of thousands of terms would be off by more than the tolerance.
inline double reference_cross_entropy(const Values& x, const Values& labels, int64_t cols, double smoothing) {
  long double total = 0;
  int64_t counted = 0;
  for (size_t row = 0; row < labels.size(); ++row) {
    if (labels[row] < 0) continue;
    const double* s = &x[row * cols];
    const double largest = *std::max_element(s, s + cols);
    long double sum = 0;
    for (int64_t c = 0; c < cols; ++c) sum += std::exp(s[c] - largest);
    const long double log_sum = std::log(sum);
    for (int64_t c = 0; c < cols; ++c) {
      const double target = smoothing / double(cols) + (c == int64_t(labels[row]) ? 1 - smoothing : 0);
      total -= target * (s[c] - largest - log_sum);
    }
    ++counted;
  }
  return counted > 0 ? double(total / counted) : 0;
}

/// Registers `op` with a factor of its own for f64: the central differences of a loss near 5 are good to about 1e-10
/// (its last bit over the step of 2e-5), and the gradients of a mean over many logits are as small as 1e-3.
inline void add_loss_case(std::vector<OpCase>& cases, OpCase op) {
  OpCase in_double = op;
  op.dtypes = {DType::f32, DType::bf16};
  in_double.dtypes = {DType::f64};
  in_double.slack = 64;
  cases.push_back(op);
  cases.push_back(in_double);
}

struct CrossEntropyCase {
  int64_t rows, cols;
  double smoothing = 0, range = 1;
  double lowest_label = 0;
};

inline OpCase cross_entropy_case(const CrossEntropyCase& c) {
  OpCase op;
  op.name = "cross_entropy_" + std::to_string(c.rows) + "_" + std::to_string(c.cols);
  if (c.smoothing != 0) op.name += "_smooth";
  if (c.range != 1) op.name += "_range_" + std::to_string(int(c.range));
  op.inputs = {{.shape = {c.rows, c.cols}, .low = -c.range, .high = c.range},
               {.shape = {c.rows}, .kind = Input::Kind::labels, .low = c.lowest_label, .high = double(c.cols)}};
  op.run = [c](const std::vector<Tensor>& in) { return cross_entropy(in[0], in[1], {.label_smoothing = c.smoothing}); };
  op.reference = [c](const std::vector<Values>& in) {
    return Values{reference_cross_entropy(in[0], in[1], c.cols, c.smoothing)};
  };
  op.sum_length = c.cols;
  return op;
}

/// Made on the device, as a step does it: ops run inside of captures too.
inline Tensor weight_tensor(double weight) {
  const Tensor made = Tensor::empty({1}, DType::f32);
  kernels::fill(made.data<float>(), 1, weight, stream());
  return made;
}

/// Two labels a row, the first of weight `weight`.
inline OpCase mixed_cross_entropy_case(const CrossEntropyCase& c, double weight) {
  OpCase op = cross_entropy_case(c);
  op.name += "_mixed_" + std::to_string(int(100 * weight));
  op.inputs.push_back(op.inputs[1]);
  op.run = [=](const std::vector<Tensor>& in) {
    return cross_entropy(in[0], in[1], {.label_smoothing = c.smoothing, .second = {in[2], weight_tensor(weight)}});
  };
  op.reference = [=](const std::vector<Values>& in) {
    const double w = float(weight);
    return Values{w * reference_cross_entropy(in[0], in[1], c.cols, c.smoothing) +
                  (1 - w) * reference_cross_entropy(in[0], in[2], c.cols, c.smoothing)};
  };
  return op;
}

/// All rows ignored: labels from [-100, -99).
inline OpCase all_ignored_case() {
  OpCase op = cross_entropy_case({.rows = 5, .cols = 10, .lowest_label = -100});
  op.name = "cross_entropy_all_ignored";
  op.inputs[1].high = -99;
  return op;
}

inline std::vector<OpCase> cross_entropy_cases() {
  std::vector<OpCase> cases;
  const auto add = [&](const CrossEntropyCase& c) { add_loss_case(cases, cross_entropy_case(c)); };
  for (const int64_t cols : {1, 2, 3, 4, 10, 31, 32, 33, 100, 257, 1000, 1025, 5000}) add({.rows = 6, .cols = cols});
  for (const int64_t cols : {2, 10, 33, 1000, 1025}) add({.rows = 6, .cols = cols, .smoothing = 0.1});
  for (const int64_t rows : {0, 1, 15, 16, 17, 128, 129, 300}) add({.rows = rows, .cols = 10, .smoothing = 0.2});
  add({.rows = 4200, .cols = 3});  // so many that the labels are counted beforehand
  for (const int64_t cols : {10, 100, 1025}) add({.rows = 4, .cols = cols, .range = 20});
  cases.push_back(all_ignored_case());
  for (const int64_t cols : {1, 2, 10, 33, 100, 1025})
    for (const double weight : {0.25, 0.5, 0.9})
      add_loss_case(cases, mixed_cross_entropy_case({.rows = 17, .cols = cols, .smoothing = 0.1}, weight));
  for (const double weight : {0., 1.}) add_loss_case(cases, mixed_cross_entropy_case({.rows = 6, .cols = 10}, weight));
  add_loss_case(cases, mixed_cross_entropy_case({.rows = 4200, .cols = 3}, 0.4));
  return cases;
}

}  // namespace cucurbit::test
