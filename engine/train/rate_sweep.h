#pragma once

#include <functional>
#include <vector>

#include "engine/train/trainer.h"

namespace cucurbit {

/// The loss as a function of the learning rate (Smith 2017, the learning rate range test).
struct RateSweep {
  struct Point {
    double rate, loss, smoothed;  // smoothed: mean of the losses so far, the weight halving about every seven steps
  };
  std::vector<Point> points;  // until the smoothed loss was four times the least, or not finite
  double steepest = 0;        // the rate at which the smoothed loss falls fastest, per factor of the rate
  double below_minimum = 0;   // a tenth of the rate of the least smoothed loss
};

/// Trains for `steps` steps while the rate grows from `first` to `last` by a constant factor. `make` makes the trainer;
/// options other than the rates are those of the training to come, and the moving average is left out. The network is
/// left as the sweep leaves it: give one that is not needed. Waits for the device every twenty steps.
RateSweep sweep_rates(const std::function<Trainer(const TrainOptions&)>& make, TrainOptions options,
                      int64_t steps = 200, double first = 1e-6, double last = 10);

}  // namespace cucurbit
