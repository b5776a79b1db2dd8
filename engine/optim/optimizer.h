#pragma once

#include "engine/nn/arena.h"
#include "kernels/step_state.h"

namespace cucurbit {

struct OptimizerOptions {
  enum class Kind { sgd, adam, adamw };
  Kind kind = Kind::sgd;
  double momentum = 0.9;                          // SGD
  bool nesterov = false;                          // SGD
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;  // Adam, AdamW
  double weight_decay = 0;                        // of weights only: biases and batch norm do not decay
  double ema_decay = 0;                           // 0: no moving average of the weights
};

/// Updates all parameters of an arena with one kernel; torch.optim's formulas. The learning rate is
/// learning_rates[min(state->step, size - 1)], read on the device.
class Optimizer {
 public:
  Optimizer(Arena& arena, const OptimizerOptions& options, const std::vector<float>& learning_rates);

  /// Queues the update of step state->step; gradients must be complete.
  void step(const StepState* state);

  /// Moving average of the masters, laid out as they are; undefined without ema_decay.
  const Tensor& ema() const { return ema_; }

 private:
  template <class A>
  void step_as(const StepState* state);

  Arena& arena_;
  OptimizerOptions options_;
  Tensor segments_;  // ArenaSegment of each parameter
  Tensor learning_rates_;
  Tensor first_, second_;  // momentum or first moment; second moment
  Tensor ema_;
};

}  // namespace cucurbit
