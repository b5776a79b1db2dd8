#pragma once

// The tables of options. Each binds its rows to the fields of a value, whose present content is the default.

#include "cli/option.h"
#include "distill/run/evaluation.h"
#include "distill/run/spec.h"

namespace cucurbit::cli {

/// What `train` and `distill` take: the run, and what the program does with it.
struct TrainingArguments {
  RunSpec spec;
  bool find_lr = false, profile = false;  // instead of training
  bool quiet = false, json = false, no_color = false;
};

std::vector<Option> training_options(TrainingArguments& arguments);
std::vector<Option> distillation_options(DistillSpec& spec);
std::vector<Option> evaluation_options(EvaluationSpec& spec, Math& math);

// The parts of training_options.
std::vector<Option> data_options(DataSpec& spec);
std::vector<Option> optimizer_options(RunSpec& spec);
std::vector<Option> schedule_options(ScheduleSpec& spec);
std::vector<Option> regularization_options(RunSpec& spec);
std::vector<Option> augmentation_options(AugmentationSpec& spec);
std::vector<Option> run_options(TrainingArguments& arguments);

// Rows of several tables.
Option math_option(Math& math);
Option tta_option(TestTimeAugmentation& tta);

}  // namespace cucurbit::cli
