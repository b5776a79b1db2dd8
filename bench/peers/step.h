#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/profile/profiler.h"

namespace cucurbit::bench {

/// One step of bench/peers/README.md. The first ones run op by op, then it is captured and replayed, as training does.
class PeerStep {
 public:
  virtual ~PeerStep() = default;
  /// One step, its results in memory on return.
  virtual void run() = 0;

  /// Milliseconds of one step.
  double timed();
  /// Loss of the very first step, before its update; 0 before that.
  double value() const { return value_; }

 protected:
  double value_ = 0;
};

/// Null if no step has this name.
std::unique_ptr<PeerStep> make_step(const std::string& name);

/// The ops of `steps` steps of this name, one by one; empty if no step has it.
std::vector<OpTime> profile_step(const std::string& name, int steps);

}  // namespace cucurbit::bench
