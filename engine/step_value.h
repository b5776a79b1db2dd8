#pragma once

#include "engine/tensor.h"
#include "kernels/step_value.h"

namespace cucurbit {

/// A number of a training step, as losses take it: a constant, or a table in device memory of one value a step
/// (kernels/step_value.h), whose changes a captured step follows.
class StepValue {
 public:
  StepValue(double constant) : constant_(constant) {}  // NOLINT: numbers are step values that stay as they are
  /// `table` f64 [at least 1]; `state` in device memory outlives every use. Ops cannot see the values of a table: who
  /// makes it (engine/step_schedule.h) checks them.
  StepValue(Tensor table, const StepState* state) : table_(std::move(table)), state_(state) {}

  bool is_constant() const { return !table_; }
  /// Of a constant; 0 otherwise.
  double constant() const { return constant_; }
  /// What kernels read; valid as long as this is.
  kernels::StepValue<double> view() const {
    if (!table_) return {.constant = constant_};
    return {.constant = 0, .table = table_.data<double>(), .count = table_.size(), .state = state_};
  }

 private:
  double constant_ = 0;
  Tensor table_;
  const StepState* state_ = nullptr;
};

}  // namespace cucurbit
