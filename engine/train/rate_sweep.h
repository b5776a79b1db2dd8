#pragma once

#include <functional>
#include <vector>

#include "engine/train/trainer.h"

namespace cucurbit {

/// The loss as a function of the learning rate (Smith 2017, the learning rate range test).
struct RateSweep {
  struct Point {
    double rate, loss, smoothed;  // smoothed: mean of the losses so far, with weights that halve in about seven steps
  };
  std::vector<Point> points;  // until the smoothed loss exceeded four times its minimum, or was not finite
  double steepest = 0;        // the rate at which the smoothed loss falls fastest over the logarithm of the rate
  double below_minimum = 0;   // a tenth of the rate at which the smoothed loss is smallest
};

/// Trains for `steps` steps while the rate grows from `first` to `last` by a constant factor per step. `make` creates
/// the trainer. `options` are those of the training to come; the sweep replaces the learning rates and leaves out the
/// moving average. It changes the weights of the network, so pass one that is not used afterwards. Waits for the device
/// every twenty steps.
RateSweep sweep_rates(const std::function<Trainer(const TrainOptions&)>& make, TrainOptions options,
                      int64_t steps = 200, double first = 1e-6, double last = 10);

}  // namespace cucurbit
