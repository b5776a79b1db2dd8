#pragma once

#include <string>

#include "engine/step_value.h"
#include "engine/train/meters.h"

namespace cucurbit {

/// The loss of one micro-batch as a weighted sum of named terms, each of which is shown by a meter of its name.
class Terms {
 public:
  /// `rows` are the rows that the terms are means over.
  Terms(Meters& meters, int64_t rows) : meters_(meters), rows_(rows) {}

  /// Adds weight times `value`, a scalar. The meter shows the value without its weight.
  void add(const std::string& name, const Tensor& value, const StepValue& weight);

  /// Adds a loss whose terms a fused kernel weighs and counts in meters().counts().
  void add_fused(const Tensor& loss);

  Meters& meters() { return meters_; }

  /// The sum. Throws Error bug if nothing was added.
  Tensor total();

 private:
  void add_weighted(const Tensor& value);

  Meters& meters_;
  int64_t rows_;
  Tensor sum_;
  bool composed_ = false;  // then no kernel has counted the whole loss
};

}  // namespace cucurbit
