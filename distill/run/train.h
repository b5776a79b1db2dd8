#pragma once

#include "distill/run/folder.h"
#include "distill/run/results.h"
#include "distill/run/setup.h"
#include "engine/profile/profiler.h"
#include "engine/train/rate_sweep.h"

namespace cucurbit {

/// One training: of `spec`, on `data`, towards `objective`.
struct TrainingTask {
  const RunSpec& spec;
  const RunData& data;
  Objective objective;
  const RunObserver& observer;
};

/// Trains `network` into `folder`, from where an earlier run stopped if there was one: metrics and the training state
/// after every epoch, the best weights on validation; then loads these, tests them once and writes the results. `label`
/// tells several networks of one run apart. Throws Interrupted after a signal, with everything saved.
Trained train_network(const std::string& label, Network& network, const TrainingTask& task, const RunFolder& folder);

/// Thrown when a signal ended a training (engine/train/interrupt.h) whose state was saved.
struct Interrupted {
  int signal;
  std::filesystem::path folder;  // of the run
};

/// The loss as the learning rate grows; `network` is of no use afterwards.
RateSweep sweep_learning_rates(Network& network, const TrainingTask& task);

/// The ops of `steps` training steps, run one by one after `warm_up` others.
std::vector<OpTime> time_ops(Network& network, const TrainingTask& task, int warm_up, int steps);

/// Kernels, copies and library calls of one captured step.
size_t launches_of_step(Network& network, const TrainingTask& task);

}  // namespace cucurbit
