#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/nn/parameter_store.h"
#include "engine/optim/muon.h"
#include "kernels/optimizer.h"

namespace cucurbit {

struct MuonOptions {
  double rate_scale = 1;  // factor of the learning rate
  double momentum = 0.95;
  bool nesterov = true;
  bool everything = false;  // update the first layer and the classifier too
};

struct OptimizerOptions {
  enum class Kind { sgd, adam, adamw };
  Kind kind = Kind::sgd;
  double momentum = 0.9;                          // SGD
  bool nesterov = false;                          // SGD
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;  // Adam, AdamW
  std::optional<MuonOptions> muon = {};           // Muon updates the matrices; `kind` all other parameters
  double weight_decay = 0;                        // coupled in SGD and Adam (g += wd p), decoupled in AdamW, Muon
  bool decay_all = false;                         // weight decay applies to biases and norms too, not only to weights
  double clip_norm = 0;                           // largest norm of all gradients together; 0: no limit
  double ema_decay = 0;                           // 0: no moving average of the weights
  /// The average starts as a copy of the weights, and its decay grows as 1 - (1 + update)^(-2/3) up to ema_decay.
  bool ema_warmup = false;
};

/// Updates all parameters of a parameter store by the formulas of torch.optim. The learning rate of update u =
/// state->step(), counted from 0, is learning_rates[min(u, size - 1)]; it is read on the device.
class Optimizer {
 public:
  Optimizer(ParameterStore& store, const OptimizerOptions& options, const std::vector<float>& learning_rates);

  /// Queues an update; the gradients must be complete.
  void step(const StepState* state);

  /// The moving average of the masters, in the same layout; undefined without ema_decay.
  const Tensor& ema() const { return ema_; }

  /// The tensors that resuming needs besides the masters, by name; they have the layout of the masters.
  struct State {
    std::string name;
    Tensor tensor;
  };
  std::vector<State> state() const;

  /// The first update in which some gradient was not finite, counted from 1; 0 if there was none. Waits for the device.
  int64_t first_not_finite() const { return not_finite_.to_host<int64_t>()[0]; }

 private:
  template <class A>
  void step_as(const StepState* state);
  template <class A>
  void limit_norm();
  template <class A>
  void move_elements(kernels::OptimizerParameters<A> store, const kernels::OptimizerSchedule& schedule);
  template <class A>
  void move_matrices(kernels::OptimizerParameters<A> store, kernels::OptimizerSchedule schedule);

  ParameterStore& store_;
  OptimizerOptions options_;
  std::optional<Muon> muon_;
  Tensor segments_;  // ParameterSegment of each parameter
  Tensor learning_rates_, average_rates_;
  Tensor first_, second_;              // momentum or first moment; second moment
  Tensor ema_;                         // moving average of the masters
  Tensor chunk_squares_, clip_scale_;  // with clip_norm
  Tensor not_finite_;                  // i64 [1]
};

}  // namespace cucurbit
