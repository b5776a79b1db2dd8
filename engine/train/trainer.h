#pragma once

#include <functional>
#include <memory>

#include "engine/data/device_set.h"
#include "engine/nn/network.h"
#include "engine/optim/optimizer.h"
#include "engine/runtime/graph.h"
#include "kernels/error.h"
#include "kernels/metrics.h"

namespace cucurbit {

struct TrainOptions {
  int64_t batch_size = 128;
  int64_t grad_accum_steps = 1;  // batches whose mean gradient makes one update; batch norm sees each by itself
  uint64_t seed = 0;
  bool graph = true;  // record the step once and replay it; results are bit-equal to running it anew
  Augmentation augmentation{};
  OptimizerOptions optimizer{};
  std::vector<float> learning_rates;  // one a step; its length is the length of the training
  bool keep_losses = false;           // Trainer::losses
};

/// The scalar loss of a batch; fills `metrics` (device memory) with loss, samples and correct answers on the way.
using LossFunction = std::function<Tensor(const Tensor& logits, const Batch& batch, kernels::StepMetrics* metrics)>;

/// Sums over the steps since the last call of Trainer::take_metrics.
struct TrainMetrics {
  double loss = 0;  // mean
  double top1 = 0;  // share of correct answers
  int64_t samples = 0;
  double seconds = 0;  // of training; filled in by fit
  double waited = 0;   // seconds of these in which steps waited for images to come from the host

  /// The share of the time that was waited.
  double data_wait() const { return seconds > 0 ? waited / seconds : 0; }
};

/// Runs training steps, all on the device, captured as a graph. A step is an update: gather, forward, loss and backward
/// for each of `grad_accum_steps` batches, then the optimiser.
class Trainer {
 public:
  /// `network` and `data` must outlive the trainer. Throws Error usage if the batches of a step are larger than the
  /// set.
  Trainer(Network& network, const DeviceSet& data, const TrainOptions& options, LossFunction loss);

  /// The rest of the set that fills no step is left out; which samples these are changes from epoch to epoch.
  int64_t steps_per_epoch() const { return data_.count() / (options_.batch_size * options_.grad_accum_steps); }

  /// Queues one step; does not wait for it. The first steps run eagerly, then the step is captured. Throws Error
  /// out_of_memory naming a batch size that fits, found by trying; weights and position are of no use after that.
  void step();

  /// `error`, which is out_of_memory, with a batch size that fits. It is found by trying: see step.
  Error with_fitting_batch(const Error& error);

  /// Waits, reads and clears the counters. Throws Error not_finite if a loss or gradient was not finite, input for a
  /// label outside the classes.
  TrainMetrics take_metrics();

  /// Where training stands. Waits for the device.
  StepState position() const;
  /// Goes on from there: order, augmentation and dropout are functions of the position.
  void set_position(const StepState& position);

  /// The mean loss of every batch so far, with keep_losses. Waits for the device.
  std::vector<float> losses() const;

  /// Kernels, copies and library calls of the captured step; 0 before the capture.
  size_t launches() const { return graph_ ? graph_->nodes() : 0; }

  const TrainOptions& options() const { return options_; }
  const Optimizer& optimizer() const { return optimizer_; }
  const StepState* state() const { return reinterpret_cast<const StepState*>(state_.raw()); }

 private:
  void run_once();
  void run_batch();
  Batch next_batch();
  void step_or_fail();
  bool fits(int64_t batch_size);
  int64_t largest_batch_that_fits();

  Network& network_;
  const DeviceSet& data_;
  TrainOptions options_;
  LossFunction loss_;
  Optimizer optimizer_;
  Tensor state_, metrics_;  // StepState and StepMetrics as bytes
  StepState ahead_;         // what state_ will be when all that is queued has run
  Tensor share_;            // cotangent of each batch's loss, 1 / grad_accum_steps; undefined for 1
  Tensor losses_;           // f32, one a batch; with keep_losses
  int64_t steps_ = 0;       // of this object
  std::unique_ptr<StepGraph> graph_;
};

}  // namespace cucurbit
