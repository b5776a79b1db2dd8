#pragma once

#include <vector>

#include "engine/step_value.h"

namespace cucurbit {

/// A number that may change during training, as specified before training begins: a constant, or one value per step.
/// A Step turns it with at() into the StepValue that ops take.
class StepSchedule {
 public:
  StepSchedule(double constant) : constant_(constant) {}  // NOLINT: a number is a schedule that never changes
  /// values[i] applies to step i, and the last value also to all later steps. Copies the values to the device. Throws
  /// Error usage if there are none, or if one is not finite.
  explicit StepSchedule(const std::vector<double>& values);

  /// The value in the step that `state` describes; `state` lies in device memory and must outlive every use.
  StepValue at(const StepState* state) const { return table_ ? StepValue(table_, state) : StepValue(constant_); }

 private:
  double constant_ = 0;
  Tensor table_;  // f64; undefined for a constant
};

}  // namespace cucurbit
