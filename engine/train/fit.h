#pragma once

#include <functional>

#include "engine/train/evaluate.h"
#include "engine/train/trainer.h"

namespace cucurbit {

/// One row of metrics.csv.
struct EpochReport {
  int64_t epoch = 0;   // 1 for the first
  double seconds = 0;  // since training began
  TrainMetrics train;
  Evaluation validation;  // samples 0 without a validation set
  double learning_rate = 0;
};

/// What a progress bar shows.
struct Progress {
  int64_t epoch, epochs;
  int64_t step, steps;  // within the epoch
  double images_per_second, seconds_left;
  double loss;  // running mean of the epoch
};

struct FitOptions {
  int64_t epochs = 10;
  int64_t max_steps = 0;  // 0: no limit
  int64_t patience = 0;   // stop after so many epochs without a better validation accuracy; 0: never
};

struct FitHooks {
  std::function<void(const Progress&)> progress;  // about four times a second
  /// After every epoch; `best` tells whether its validation accuracy is the highest so far (or none is measured).
  std::function<void(const EpochReport& report, bool best)> epoch;
};

/// Trains for the epochs asked for, or until interrupted() (which still ends the epoch with a report); returns the last
/// report. With a moving average of the weights, validation and hooks.epoch see the averaged ones. Errors of the
/// trainer pass through.
EpochReport fit(Network& network, Trainer& trainer, const DeviceSet* validation, const FitOptions& options,
                const std::vector<float>& learning_rates, const FitHooks& hooks);

}  // namespace cucurbit
