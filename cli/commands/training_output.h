#pragma once

#include <string>
#include <vector>

#include "cli/options/tables.h"

namespace cucurbit::cli {

/// With --find-lr or --profile: does that instead of training, prints what was found and returns true. `distillation`:
/// null for a training on labels.
bool ran_instead_of_training(const TrainingArguments& arguments, const DistillSpec* distillation);

/// Settles what the machine decides, and keeps the options in force as the text that repeats the run.
void keep_arguments(const std::string& command, const std::vector<Option>& options, RunSpec& spec);

}  // namespace cucurbit::cli
