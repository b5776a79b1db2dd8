#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/profile/profiler.h"

namespace cucurbit::bench {

/// One step of bench/peers/README.md. The first runs are eager, then the step is captured and replayed, as training
/// does.
class PeerStep {
 public:
  virtual ~PeerStep() = default;
  /// Runs one step. Its results are in memory on return.
  virtual void run() = 0;

  /// Runs one step and returns its time in milliseconds.
  double timed();
  /// The loss of the very first step, before its update; 0 before that step.
  double value() const { return value_; }

 protected:
  double value_ = 0;
};

/// The step of this name, or null if there is none.
std::unique_ptr<PeerStep> make_step(const std::string& name);

/// The measured ops of `steps` eager steps of this name; empty if there is no such step.
std::vector<OpTime> profile_step(const std::string& name, int steps);

}  // namespace cucurbit::bench
