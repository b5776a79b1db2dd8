#pragma once

#include <filesystem>

#include "distill/run/observer.h"
#include "distill/run/spec.h"
#include "engine/train/rate_sweep.h"

namespace cucurbit {

struct FoundRate {
  RateSweep sweep;
  std::filesystem::path csv;  // the losses by rate
};

/// In place of training: sweeps the learning rate on a fresh network and writes lr_finder.csv into a run folder.
/// `distillation`: null for a training on labels. Throws Error not_finite if the loss of the first step is.
FoundRate find_lr(const RunSpec& spec, const DistillSpec* distillation, const RunObserver& observer = {});

}  // namespace cucurbit
