#pragma once

#include <cmath>

#include "engine/ops/distill_logits.h"
#include "op_cases/cross_entropy.h"

namespace cucurbit::test {

/// Mean over the counted rows of T^2 KL(softmax(t/T) || softmax(s/T)).
inline double reference_distill_term(const Values& s, const Values& t, const Values& labels, int64_t cols, double T) {
  const auto log_probabilities = [&](const Values& x, size_t row) {
    double largest = -INFINITY, sum = 0;
    Values y(x.begin() + row * cols, x.begin() + (row + 1) * cols);
    for (double& value : y) largest = std::max(largest, value /= T);
    for (const double value : y) sum += std::exp(value - largest);
    for (double& value : y) value -= largest + std::log(sum);
    return y;
  };
  long double total = 0;
  int64_t counted = 0;
  for (size_t row = 0; row < labels.size(); ++row) {
    if (labels[row] < 0) continue;
    const Values p = log_probabilities(s, row), q = log_probabilities(t, row);
    for (int64_t c = 0; c < cols; ++c) total += T * T * std::exp(q[c]) * (q[c] - p[c]);
    ++counted;
  }
  return counted > 0 ? double(total / counted) : 0;
}

struct DistillCase {
  int64_t rows, cols;
  DistillOptions options = {};
  double range = 1;
};

inline OpCase distill_case(const DistillCase& c) {
  OpCase op;
  const double temperature = c.options.temperature.constant(), task_weight = c.options.task_weight.constant(),
               distill_weight = c.options.distill_weight.constant();
  op.name = "distill_logits_" + std::to_string(c.rows) + "_" + std::to_string(c.cols) + "_T" +
            std::to_string(int(temperature));
  if (c.options.label_smoothing != 0) op.name += "_smooth";
  if (task_weight == 0) op.name += "_distill_only";
  if (distill_weight == 0) op.name += "_task_only";
  if (c.range != 1) op.name += "_range_" + std::to_string(int(c.range));
  op.inputs = {{.shape = {c.rows, c.cols}, .low = -c.range, .high = c.range},
               {.shape = {c.rows, c.cols}, .kind = Input::Kind::constant, .low = -c.range, .high = c.range},
               {.shape = {c.rows}, .kind = Input::Kind::labels, .low = 0, .high = double(c.cols)}};
  op.run = [c](const std::vector<Tensor>& in) { return distill_logits(in[0], in[1], in[2], c.options); };
  op.reference = [=](const std::vector<Values>& in) {
    return Values{task_weight * reference_cross_entropy(in[0], in[2], c.cols, c.options.label_smoothing) +
                  distill_weight * reference_distill_term(in[0], in[1], in[2], c.cols, temperature)};
  };
  op.sum_length = c.cols;
  // The distillation term carries an error of some T^2 eps: 2.4e-7 measured in f32 where the loss is 0.12.
  if (temperature > 1) op.slack = 4;
  return op;
}

inline OpCase mixed_distill_case(const DistillCase& c, double weight) {
  OpCase op = distill_case(c);
  op.name += "_mixed_" + std::to_string(int(100 * weight));
  op.inputs.push_back(op.inputs[2]);
  op.run = [=](const std::vector<Tensor>& in) {
    DistillOptions options = c.options;
    options.second = {in[3], weight_tensor(weight)};
    return distill_logits(in[0], in[1], in[2], options);
  };
  op.reference = [=](const std::vector<Values>& in) {
    const double w = float(weight);
    const double task = w * reference_cross_entropy(in[0], in[2], c.cols, c.options.label_smoothing) +
                        (1 - w) * reference_cross_entropy(in[0], in[3], c.cols, c.options.label_smoothing);
    return Values{c.options.task_weight.constant() * task +
                  c.options.distill_weight.constant() *
                      reference_distill_term(in[0], in[1], in[2], c.cols, c.options.temperature.constant())};
  };
  return op;
}

inline std::vector<OpCase> distill_cases() {
  std::vector<OpCase> cases;
  const auto add = [&](const DistillCase& c) { add_loss_case(cases, distill_case(c)); };
  for (const int64_t cols : {1, 2, 3, 4, 10, 31, 32, 33, 100, 257, 1000, 1025, 5000}) add({.rows = 6, .cols = cols});
  for (const int64_t cols : {2, 10, 100, 1025}) add({.rows = 6, .cols = cols, .options = {.temperature = 1}});
  for (const int64_t rows : {0, 1, 15, 16, 17, 128, 129, 300}) add({.rows = rows, .cols = 10});
  add({.rows = 4200, .cols = 3});
  for (const int64_t cols : {10, 100, 1025}) add({.rows = 4, .cols = cols, .range = 20});
  add({.rows = 7, .cols = 10, .options = {.task_weight = 0.5, .label_smoothing = 0.1}});
  for (const int64_t cols : {10, 100, 1025})
    for (const double weight : {0.25, 0.75})
      add_loss_case(cases, mixed_distill_case({.rows = 7, .cols = cols, .options = {.task_weight = 0.5}}, weight));
  add({.rows = 7, .cols = 10, .options = {.task_weight = 0, .distill_weight = 1}});
  add({.rows = 7, .cols = 10, .options = {.task_weight = 1, .distill_weight = 0}});
  return cases;
}

}  // namespace cucurbit::test
