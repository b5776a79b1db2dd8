#pragma once

#include <functional>
#include <memory>

#include "engine/data/device_set.h"
#include "engine/nn/network.h"
#include "engine/optim/optimizer.h"
#include "engine/runtime/graph.h"
#include "kernels/metrics.h"

namespace cucurbit {

struct TrainOptions {
  int64_t batch_size = 128;
  uint64_t seed = 0;
  bool graph = true;  // record the step once and replay it; results are bit-equal to running it anew
  Augmentation augmentation{};
  OptimizerOptions optimizer{};
  std::vector<float> learning_rates;  // one a step; its length is the length of the training
};

/// The scalar loss of a batch; fills `metrics` (device memory) with loss, samples and correct answers on the way.
using LossFunction = std::function<Tensor(const Tensor& logits, const Batch& batch, kernels::StepMetrics* metrics)>;

/// Sums over the steps since the last call of Trainer::take_metrics.
struct TrainMetrics {
  double loss = 0;  // mean
  double top1 = 0;  // share of correct answers
  int64_t samples = 0;
};

/// Runs training steps: gather, forward, loss, backward, update, all on the device, captured as a graph.
class Trainer {
 public:
  /// `network` and `data` must outlive the trainer. Throws Error if the batch is larger than the set.
  Trainer(Network& network, const DeviceSet& data, const TrainOptions& options, LossFunction loss);

  int64_t steps_per_epoch() const { return data_.count() / options_.batch_size; }

  /// Queues one step; does not wait for it. The first steps run eagerly, then the step is captured.
  void step();

  /// Waits, reads and clears the counters. Throws Error not_finite if a loss was not finite, input for a label outside
  /// the classes.
  TrainMetrics take_metrics();

  const Optimizer& optimizer() const { return optimizer_; }
  const StepState* state() const { return reinterpret_cast<const StepState*>(state_.raw()); }

 private:
  void run_once();

  Network& network_;
  const DeviceSet& data_;
  TrainOptions options_;
  LossFunction loss_;
  Optimizer optimizer_;
  Tensor state_, metrics_;  // StepState and StepMetrics as bytes
  int64_t steps_ = 0;
  std::unique_ptr<StepGraph> graph_;
};

}  // namespace cucurbit
