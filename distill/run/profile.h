#pragma once

#include "distill/run/observer.h"
#include "distill/run/spec.h"
#include "engine/profile/limits.h"
#include "engine/profile/profiler.h"

namespace cucurbit {

struct StepProfile {
  std::vector<OpTime> ops;  // of all `steps`
  int steps;
  DeviceLimits limits;
  size_t launches;  // of a captured step
};

/// In place of training: runs a few steps op by op and measures where their time goes, and what the device could do.
/// `distillation`: null for a training on labels.
StepProfile profile(const RunSpec& spec, const DistillSpec* distillation, const RunObserver& observer = {});

}  // namespace cucurbit
