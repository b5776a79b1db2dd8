#pragma once

#include <span>

#include "engine/autograd.h"
#include "engine/io/checkpoint.h"
#include "engine/train/learner.h"
#include "engine/train/meters.h"

namespace cucurbit {

/// What a Step is given to run one micro-batch.
struct StepContext {
  int64_t batch_size;      // images of the micro-batch
  const StepState* state;  // device memory
  Meters& meters;
  Tensor share;         // cotangent of the micro-batch's mean loss: 1 / grad_accum_steps; undefined if that is 1
  Tensor loss_history;  // f32, one value per micro-batch; undefined unless losses are kept

  /// Backpropagates the mean loss of the micro-batch, a scalar, and keeps its value if losses are kept.
  void backward(Tape& tape, const Tensor& loss) const;
};

/// What happens in one update of the weights. The trainer runs it for every micro-batch, then updates its learners, and
/// captures all of that as a graph. So whatever changes from step to step must be read on the device, through
/// StepContext::state.
class Step {
 public:
  Step() = default;
  virtual ~Step() = default;
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  /// The learners that the step trains. The network of the first one is validated and saved.
  virtual std::span<Learner* const> learners() = 0;

  /// The number of images in an epoch.
  virtual int64_t samples() const = 0;

  /// Does the host's work before the update at position `at`, such as copying images to the device.
  virtual void prepare(const StepState& /*at*/, int64_t /*batch_size*/) {}

  /// Queues the forward and the backward pass of one micro-batch. It is captured, so it must neither wait nor read host
  /// values that change between steps.
  virtual void run(const StepContext& context) = 0;

  /// Queues what follows the update of the learners, such as updating an averaged teacher or a memory bank.
  virtual void after_update(const StepState* /*state*/) {}

  /// Called before every epoch, counted from 0. Returns true if a new phase begins; the step is then captured anew.
  virtual bool begin_epoch(int64_t /*epoch*/) { return false; }

  /// Appends the tensors that resuming needs besides those of the learners. Their names begin with "training.".
  virtual void list_state(std::vector<NamedTensor>& /*tensors*/) {}

  /// Runs inference on `batch_size` images, as validation does. A batch size fits only if this fits beside the step.
  virtual void try_inference(int64_t /*batch_size*/) {}

  /// The seconds for which steps waited for images since the last call.
  virtual double take_waited() { return 0; }
};

}  // namespace cucurbit
