#pragma once

#include "engine/tensor.h"
#include "kernels/step_value.h"

namespace cucurbit {

/// A number that a training step uses, such as the weight of a term: a constant, or a table in device memory with one
/// value per step (kernels/step_value.h). A captured step follows the values of the table.
class StepValue {
 public:
  StepValue(double constant) : constant_(constant) {}  // NOLINT: a number is a step value that never changes
  /// `table` f64 with at least one element; `state` lies in device memory and must outlive every use. Ops cannot check
  /// the values of a table: StepSchedule checks them when it builds the table.
  StepValue(Tensor table, const StepState* state) : table_(std::move(table)), state_(state) {}

  bool is_constant() const { return !table_; }
  /// The value of a constant; 0 for a table.
  double constant() const { return constant_; }
  /// What kernels read; valid as long as this object.
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
