#pragma once

#include <memory>

#include "engine/data/augmentation.h"
#include "engine/runtime/graph.h"
#include "engine/train/step.h"
#include "kernels/augment.h"
#include "kernels/error.h"

namespace cucurbit {

struct TrainOptions {
  int64_t batch_size = 128;      // images of a micro-batch
  int64_t grad_accum_steps = 1;  // micro-batches per update, with their mean gradient; batch norm sees each by itself
  uint64_t seed = 0;
  bool graph = true;  // capture the step once and replay it; results are bit-equal to those of eager steps
  Augmentation augmentation{};
  OptimizerOptions optimizer{};
  std::vector<float> learning_rates;  // one per step; their number is the length of the training
  bool keep_losses = false;           // for Trainer::losses
};

/// Means over the steps since the last call of Trainer::take_metrics.
struct TrainMetrics {
  double loss = 0;
  double top1 = 0;  // share of correct answers
  int64_t samples = 0;
  std::vector<MeterReading> terms = {};  // the step's other meters, such as the terms of the loss
  double seconds = 0;                    // of training; filled in by fit
  double waited = 0;                     // the part of `seconds` in which steps waited for images from the host

  /// The share of the time in which steps waited for images.
  double data_wait() const { return seconds > 0 ? waited / seconds : 0; }
};

/// Runs the updates of a Step: for each update its micro-batches, then the optimisers of its learners. All of this is
/// captured as a graph and replayed on the device.
class Trainer {
 public:
  /// Throws Error usage if the micro-batches of a step are larger than an epoch, or there are no learning rates.
  Trainer(std::unique_ptr<Step> step, const TrainOptions& options);

  /// The last incomplete step of an epoch is dropped; its images differ from epoch to epoch.
  int64_t steps_per_epoch() const { return step_->samples() / (options_.batch_size * options_.grad_accum_steps); }

  /// Queues one update and does not wait for it. The first updates run eagerly, then the update is captured. Throws
  /// Error out_of_memory naming a batch size that fits, which is found by trying; weights and position are invalid
  /// after that.
  void step();

  /// Call before every epoch, counted from 0: lets the step enter another phase.
  void begin_epoch(int64_t epoch);

  /// `error`, which is out_of_memory, with a batch size that fits added to its message; it is found by trying.
  Error with_fitting_batch(const Error& error);

  /// Waits for the device, reads the meters and resets them. Throws Error not_finite if a loss, one of its terms or a
  /// gradient was not finite, and Error input for a label outside the classes.
  TrainMetrics take_metrics();

  /// The position of training. Waits for the device.
  StepState position() const;
  /// Continues from `position`, which determines the order of the images, augmentation and dropout.
  void set_position(const StepState& position);

  /// The mean loss of every micro-batch so far; requires keep_losses. Waits for the device.
  std::vector<float> losses() const;

  /// Kernels, copies and library calls of the captured update; 0 before the capture.
  size_t launches() const { return graph_ ? graph_->nodes() : 0; }

  /// The peak memory of the captured update in bytes, besides parameters and data; 0 before the capture.
  size_t captured_bytes() const { return graph_ ? graph_->peak_bytes() : 0; }

  const TrainOptions& options() const { return options_; }
  /// The network that is validated and saved.
  Network& network() const { return step_->learners().front()->network(); }
  /// Its optimiser.
  const Optimizer& optimizer() const { return step_->learners().front()->optimizer(); }
  Step& trained_step() const { return *step_; }
  const StepState* state() const { return reinterpret_cast<const StepState*>(state_.raw()); }

 private:
  void run_update();
  void step_or_fail();
  bool fits(int64_t batch_size);
  int64_t largest_batch_that_fits();

  std::unique_ptr<Step> step_;
  TrainOptions options_;
  Meters meters_;
  Tensor state_;         // a StepState
  StepState ahead_;      // the value of state_ once everything queued has run
  Tensor share_;         // see StepContext
  Tensor loss_history_;  // see StepContext
  int64_t eager_ = 0;    // eager updates since the start or the last change of phase
  std::unique_ptr<StepGraph> graph_;
};

}  // namespace cucurbit
