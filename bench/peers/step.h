#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/profile/profiler.h"

namespace cucurbit::bench {

/// One step of bench/peers/README.md. The first one is run op by op, the second recorded, as training does.
class Step {
 public:
  virtual ~Step() = default;
  /// One step, its results in memory on return.
  virtual void run() = 0;
  /// `steps` further steps, op by op.
  virtual std::vector<OpTime> profile(int steps) = 0;

  /// Milliseconds of one step.
  double timed();
  /// Loss of the very first step, before its update; 0 before that.
  double value() const { return value_; }

 protected:
  double value_ = 0;
};

/// Null if no step has this name.
std::unique_ptr<Step> make_step(const std::string& name);

}  // namespace cucurbit::bench
