#pragma once

#include "engine/nn/network.h"
#include "engine/optim/optimizer.h"

namespace cucurbit {

/// What a network computed for one batch.
struct Outputs {
  Tensor logits;      // [N, classes]
  Features features;  // the taps that were requested
};

/// A network in training, with the parts that are trained beside it, the optimiser and the moving average. Network and
/// parts share one parameter store, so that one launch can update all of them.
class Learner {
 public:
  /// A module that is trained with the network but not deployed, such as a connector or a discriminator. Its name is
  /// the role of its initial values (see InitialValues), and its state is saved under "training.parts.<name>.".
  struct Part {
    std::string name;
    ModulePtr module;
  };

  /// `network` must outlive the learner. If there are parts, nothing may point into its store yet.
  Learner(Network& network, std::vector<Part> parts, const OptimizerOptions& options,
          const std::vector<float>& learning_rates, uint64_t seed);
  Learner(Network& network, const OptimizerOptions& options, const std::vector<float>& learning_rates)
      : Learner(network, {}, options, learning_rates, 0) {}

  /// Computes logits and the taps named by `wanted`, in training mode. images [N, H, W, C] in the compute type.
  Outputs forward(const Tensor& images, const StepState* state, const std::vector<std::string>& wanted = {});

  /// Call before the backward passes of a step: their first contribution to each gradient then overwrites it.
  void begin_gradients() { network_.store().begin_gradients(); }
  /// Call after the backward passes: queues one update of all parameters. Gradients without a contribution count as 0.
  void update(const StepState* state);

  Network& network() { return network_; }
  const Optimizer& optimizer() const { return optimizer_; }

 private:
  Network& network_;
  std::vector<Part> parts_;
  Optimizer optimizer_;
};

}  // namespace cucurbit
