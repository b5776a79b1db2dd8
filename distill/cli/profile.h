#pragma once

#include "distill/cli/train_network.h"

namespace cucurbit::cli {

/// In place of training: runs a few steps op by op and prints where their time goes, beside what the device could do,
/// and how many launches a captured step has.
void profile(const TrainingFlags& flags, const RunData& data, const MakeTrainer& make);

}  // namespace cucurbit::cli
