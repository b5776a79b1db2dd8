#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/nn/parameter_store.h"
#include "engine/optim/muon.h"
#include "kernels/optimizer.h"

namespace cucurbit {

struct MuonOptions {
  double rate_scale = 1;  // times the learning rate
  double momentum = 0.95;
  bool nesterov = true;
  bool everything = false;  // the first layer and the classifier too
};

struct OptimizerOptions {
  enum class Kind { sgd, adam, adamw };
  Kind kind = Kind::sgd;
  double momentum = 0.9;                          // SGD
  bool nesterov = false;                          // SGD
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;  // Adam, AdamW
  std::optional<MuonOptions> muon = {};           // moves the matrices; `kind` the rest
  double weight_decay = 0;                        // coupled in SGD and Adam (g += wd p), decoupled in AdamW, Muon
  bool decay_all = false;                         // biases and norms decay too; otherwise weights alone
  double clip_norm = 0;                           // largest norm of all gradients together; 0: no limit
  double ema_decay = 0;                           // 0: no moving average of the weights
  bool ema_warmup = false;  // the average begins as a copy; its decay grows as 1 - (1 + update)^(-2/3) up to ema_decay
};

/// Updates all parameters of a parameter store; torch.optim's formulas. The learning rate of update u, counted from 0, is
/// learning_rates[min(u, size - 1)], read on the device, u being state->step().
class Optimizer {
 public:
  Optimizer(ParameterStore& store, const OptimizerOptions& options, const std::vector<float>& learning_rates);

  /// Queues an update; gradients must be complete.
  void step(const StepState* state);

  /// Moving average of the masters, laid out as they are; undefined without ema_decay.
  const Tensor& ema() const { return ema_; }

  /// What a resumed training needs beside the masters: by name, laid out as they are.
  struct State {
    std::string name;
    Tensor tensor;
  };
  std::vector<State> state() const;

  /// The first update whose gradients were not all finite, counted from 1; 0 if there was none. Waits for the device.
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
