#pragma once

#include <span>

#include "engine/autograd.h"
#include "engine/io/checkpoint.h"
#include "engine/train/learner.h"
#include "engine/train/meters.h"

namespace cucurbit {

/// One micro-batch of a step, as the step that runs it sees it.
struct StepContext {
  int64_t batch_size;      // images of the micro-batch
  const StepState* state;  // device memory
  Meters& meters;
  Tensor share;         // cotangent of the micro-batch's mean loss: 1 / grad_accum_steps; undefined for 1
  Tensor loss_history;  // f32, one value a micro-batch; undefined where losses are not kept

  /// Backpropagates the mean loss of the micro-batch, a scalar, and keeps its value where losses are kept.
  void backward(Tape& tape, const Tensor& loss) const;
};

/// What happens in one update of the weights. The trainer runs it for every micro-batch, then updates its learners, and
/// captures all of that as a graph: whatever changes from step to step is read on the device, through
/// StepContext::state.
class Step {
 public:
  Step() = default;
  virtual ~Step() = default;
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  /// What it trains; the first one's network is what is validated and saved.
  virtual std::span<Learner* const> learners() = 0;

  /// Images that an epoch goes through.
  virtual int64_t samples() const = 0;

  /// Host work before the update that begins at `at`: images that must come to the device.
  virtual void prepare(const StepState& /*at*/, int64_t /*batch_size*/) {}

  /// Queues the forward and the backward pass of one micro-batch. Captured: must not wait, nor read from the host what
  /// changes.
  virtual void run(const StepContext& context) = 0;

  /// Queues what follows the learners' update: an averaged teacher, a memory bank.
  virtual void after_update(const StepState* /*state*/) {}

  /// Called before every epoch, counted from 0. True: another phase begins, and the step is captured anew.
  virtual bool begin_epoch(int64_t /*epoch*/) { return false; }

  /// Appends the tensors that a resumed training needs besides those of the learners. Names begin with "training.".
  virtual void list_state(std::vector<NamedTensor>& /*tensors*/) {}

  /// Runs inference as validation does on `batch_size` images: a batch size fits only if that fits beside the step.
  virtual void try_inference(int64_t /*batch_size*/) {}

  /// Seconds that steps waited for images since the last call.
  virtual double take_waited() { return 0; }
};

}  // namespace cucurbit
