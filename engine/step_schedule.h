#pragma once

#include <vector>

#include "engine/step_value.h"

namespace cucurbit {

/// A number that may change over a training, as it is given before the training exists: a constant, or one value a
/// step. A step makes of it the StepValue that ops take.
class StepSchedule {
 public:
  StepSchedule(double constant) : constant_(constant) {}  // NOLINT: a number is a schedule that never changes
  /// values[i] holds in step i, the last one from there on. Copies them to the device. Throws Error usage if there are
  /// none, or one is not finite.
  explicit StepSchedule(const std::vector<double>& values);

  /// `state` in device memory outlives every use.
  StepValue at(const StepState* state) const { return table_ ? StepValue(table_, state) : StepValue(constant_); }

 private:
  double constant_ = 0;
  Tensor table_;  // f64; undefined for a constant
};

}  // namespace cucurbit
