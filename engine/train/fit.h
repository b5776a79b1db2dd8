#pragma once

#include <functional>
#include <vector>

#include "engine/train/evaluate.h"
#include "engine/train/trainer.h"

namespace cucurbit {

/// One row of metrics.csv.
struct EpochReport {
  int64_t epoch = 0;   // 1 for the first
  double seconds = 0;  // of training so far, without the time between interruption and resumption
  TrainMetrics train;
  Evaluation validation;  // samples 0 without a validation set
  double learning_rate = 0;
};

/// The history of a training, which a resumed training continues.
struct TrainingRecord {
  std::vector<EpochReport> epochs;  // completed; without their confusion matrices
  TrainMetrics unfinished;          // of the epoch in which training was interrupted
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
  int64_t patience = 0;   // stop after this many epochs without a better validation accuracy; 0: never
  EvaluationOptions validation{};
};

struct FitHooks {
  std::function<void(const Progress&)> progress;  // about four times a second
  /// Called after an epoch with the highest validation accuracy so far (without validation: after every epoch). The
  /// network then holds the weights that were validated: the moving average if there is one.
  std::function<void(const EpochReport&)> best;
  /// Called after every epoch, once the record contains it, and after an interruption within an epoch. The network then
  /// holds the weights that are trained.
  std::function<void()> after_epoch;
};

/// Trains from the position of the trainer and `record` until `options.epochs` epochs are done, or until interrupted(),
/// max_steps or patience end training. If there is a moving average of the weights, that is what is validated. Passes
/// on the errors of the trainer.
void fit(Trainer& trainer, const DeviceSet* validation, const FitOptions& options, const FitHooks& hooks,
         TrainingRecord& record);

}  // namespace cucurbit
