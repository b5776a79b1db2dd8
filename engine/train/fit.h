#pragma once

#include <functional>
#include <vector>

#include "engine/train/evaluate.h"
#include "engine/train/trainer.h"

namespace cucurbit {

/// One row of metrics.csv.
struct EpochReport {
  int64_t epoch = 0;   // 1 for the first
  double seconds = 0;  // since training began, interruptions not counted
  TrainMetrics train;
  Evaluation validation;  // samples 0 without a validation set
  double learning_rate = 0;
};

/// The course of a training, to which a resumed one adds.
struct TrainingRecord {
  std::vector<EpochReport> epochs;  // completed; without their confusion matrices
  TrainMetrics unfinished;          // of the epoch that an interruption cut
  double seconds = 0;
  double best_top1 = -1;  // on validation
  int64_t best_epoch = 0;
  bool out_of_patience = false;  // no better validation accuracy for FitOptions::patience epochs
};

/// What a progress bar shows.
struct Progress {
  int64_t epoch, epochs;
  int64_t step, steps;  // within the epoch
  double images_per_second, seconds_left;
  TrainMetrics train;  // of the epoch so far
};

struct FitOptions {
  int64_t epochs = 10;
  int64_t max_steps = 0;  // 0: no limit
  int64_t patience = 0;   // stop after so many epochs without a better validation accuracy; 0: never
  EvaluationOptions validation{};
};

struct FitHooks {
  std::function<void(const Progress&)> progress;  // about four times a second
  /// After an epoch with the highest validation accuracy so far (without validation: every epoch). The network has the
  /// weights that were validated: the moving average if there is one.
  std::function<void(const EpochReport&)> best;
  /// After every epoch, when the record has it, and after an interruption within one. The network has the weights that
  /// are trained.
  std::function<void()> after_epoch;
};

/// Trains from where the trainer and `record` stand until `options.epochs` epochs are done, or until interrupted(),
/// max_steps or patience end it. A moving average of the weights is what is validated. Errors of the trainer pass
/// through.
void fit(Trainer& trainer, const DeviceSet* validation, const FitOptions& options, const FitHooks& hooks,
         TrainingRecord& record);

}  // namespace cucurbit
