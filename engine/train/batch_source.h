#pragma once

#include "engine/data/device_set.h"
#include "engine/nn/network.h"
#include "engine/train/step.h"

namespace cucurbit {

/// The training images of a step: the set that micro-batches come from, and their augmentation.
class BatchSource {
 public:
  /// `data` must outlive this. Throws Error input if the images do not have the shape that `network` expects.
  BatchSource(const DeviceSet& data, const Augmentation& augmentation, const Network& network);

  const DeviceSet& data() const { return data_; }
  /// See Step::prepare and Step::take_waited.
  void prepare(const StepState& at, int64_t batch_size) const { data_.prepare(at, batch_size, at.grad_accum_steps); }
  double take_waited() const { return data_.take_waited(); }
  /// See Step::try_inference.
  void try_inference(Network& network, int64_t batch_size) const;
  /// Queues the gathering of the micro-batch at the position of context.state.
  Batch next(const StepContext& context) const;

 private:
  const DeviceSet& data_;
  Augmentation augmentation_;
  DType compute_;
};

}  // namespace cucurbit
