#pragma once

#include "distill/cli/train_network.h"

namespace cucurbit::cli {

/// `--find-lr`: sweeps the learning rate on a fresh network, prints a table and the suggestions, and writes
/// lr_finder.csv into the run folder.
void find_lr(const TrainingFlags& flags, const RunData& data, const MakeTrainer& make, const RunFolder& folder);

}  // namespace cucurbit::cli
