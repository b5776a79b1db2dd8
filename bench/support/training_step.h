#pragma once

#include <memory>
#include <string>

#include "distill/teacher.h"
#include "engine/profile/profiler.h"
#include "engine/train/trainer.h"

namespace cucurbit::bench {

/// The training steps of bench/peers/README.md: the program's own trainer, modes and methods on a set of one batch.
class TrainingStep {
 public:
  struct Options {
    bool augmented = false;  // crops and flips; then a teacher runs in every step, else its answers come from a table
    bool graph = true;       // captured and replayed, as training does
  };

  /// `network` is mlp, convnet, the name of a registered model, or TEACHER-STUDENT of two of these.
  TrainingStep(const std::string& network, DType compute, const Options& options);

  /// Queues one step. The first two run op by op; with `graph` the others are replays.
  void run() { trainer_->step(); }
  /// Waits; the mean loss of the steps since the last call, taken before their updates.
  double take_loss() { return trainer_->take_metrics().loss; }

  int64_t batch() const { return trainer_->options().batch_size; }
  /// See Trainer::launches.
  size_t launches() const { return trainer_->launches(); }
  /// See Trainer::captured_bytes.
  size_t captured_bytes() const { return trainer_->captured_bytes(); }

 private:
  std::unique_ptr<DeviceSet> data_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<FrozenNetwork> teacher_network_;
  std::unique_ptr<Teacher> teacher_;
  std::unique_ptr<Trainer> trainer_;
};

}  // namespace cucurbit::bench
