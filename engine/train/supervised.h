#pragma once

#include <functional>
#include <memory>

#include "engine/train/batch_source.h"
#include "engine/train/trainer.h"

namespace cucurbit {

/// Computes the scalar loss of a micro-batch, counts samples and correct answers in meters.counts(), to which losses on
/// labels add, and adds its terms to `meters`.
using LossFunction = std::function<Tensor(const Tensor& logits, const Batch& batch, Meters& meters)>;

/// Trains one network on one set of labelled images with one loss.
class SupervisedStep : public Step {
 public:
  /// `network` and `data` must outlive this. Uses augmentation, optimizer and learning rates of `options`. Throws Error
  /// input if the images do not have the shape that the network expects.
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
