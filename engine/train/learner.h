#pragma once

#include "engine/nn/network.h"
#include "engine/optim/optimizer.h"

namespace cucurbit {

/// What a network gave for one batch.
struct Outputs {
  Tensor logits;      // [N, classes]
  Features features;  // the taps that were wanted
};

/// A network in training: with what is trained beside it, the optimiser and the moving average. Network and parts lie in
/// one parameter store, so that one launch updates all of them.
class Learner {
 public:
  /// A module that is trained with the network and is no part of what is deployed: a connector, a discriminator. Its
  /// initial values are salted by its name, and its state is saved as "training.parts.<name>.".
  struct Part {
    std::string name;
    ModulePtr module;
  };

  /// `network` must outlive the learner; nothing may point into its store yet if there are parts.
  Learner(Network& network, std::vector<Part> parts, const OptimizerOptions& options,
          const std::vector<float>& learning_rates, uint64_t seed);
  Learner(Network& network, const OptimizerOptions& options, const std::vector<float>& learning_rates)
      : Learner(network, {}, options, learning_rates, 0) {}

  /// Training mode. `wanted` names taps of the network.
  Outputs forward(const Tensor& images, const StepState* state, const std::vector<std::string>& wanted = {});

  /// Before the backward passes of a step: their first contribution to a gradient overwrites it.
  void begin_gradients() { network_.store().begin_gradients(); }
  /// After them: one update of all parameters, with zero for gradients that nothing contributed to.
  void update(const StepState* state);

  Network& network() { return network_; }
  const Optimizer& optimizer() const { return optimizer_; }

 private:
  Network& network_;
  std::vector<Part> parts_;
  Optimizer optimizer_;
};

}  // namespace cucurbit
