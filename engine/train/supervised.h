#pragma once

#include <functional>
#include <memory>

#include "engine/train/batch_source.h"
#include "engine/train/trainer.h"

namespace cucurbit {

/// The scalar loss of a micro-batch. It counts samples and correct answers in meters.counts(), which losses on labels
/// take, and adds its terms to `meters`.
using LossFunction = std::function<Tensor(const Tensor& logits, const Batch& batch, Meters& meters)>;

/// One network, one set of labelled images, one loss.
class SupervisedStep : public Step {
 public:
  /// `network` and `data` must outlive this. Of `options` it takes augmentation, optimizer and learning rates. Throws
  /// Error input for images that are not what the network takes.
  SupervisedStep(Network& network, const DeviceSet& data, const TrainOptions& options, LossFunction loss);

  std::span<Learner* const> learners() override { return learners_; }
  int64_t samples() const override { return source_.data().count(); }
  void prepare(const StepState& at, int64_t batch_size) override { source_.prepare(at, batch_size); }
  void run(const StepContext& context) override;
  void try_inference(int64_t batch_size) override;
  double take_waited() override { return source_.take_waited(); }

 private:
  BatchSource source_;
  Learner learner_;
  Learner* learners_[1] = {&learner_};
  LossFunction loss_;
};

/// A trainer of a SupervisedStep.
Trainer supervised_trainer(Network& network, const DeviceSet& data, const TrainOptions& options, LossFunction loss);

}  // namespace cucurbit
