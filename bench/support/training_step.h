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
    bool augmented = false;  // crop and flip: a teacher then runs in every step; otherwise its logits are in a table
    bool graph = true;       // capture and replay, as training does
  };

  /// `network` is mlp, convnet, the name of a registered model, or TEACHER-STUDENT of two of these.
  TrainingStep(const std::string& network, DType compute, const Options& options);

  /// Queues one step. The first two run eagerly; with `graph` the later ones are replays.
  void run() { trainer_->step(); }
  /// The mean loss of the steps since the last call, before their updates. Waits for the device.
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
