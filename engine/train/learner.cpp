#include "engine/train/learner.h"

namespace cucurbit {

namespace {
ParameterStore& with_parts(Network& network, std::vector<Learner::Part> parts, uint64_t seed) {
  for (auto& [name, module] : parts) network.add_part(name, std::move(module), seed);
  return network.store();
}
}  // namespace

Learner::Learner(Network& network, std::vector<Part> parts, const OptimizerOptions& options,
                 const std::vector<float>& learning_rates, uint64_t seed)
    : network_(network), optimizer_(with_parts(network, std::move(parts), seed), options, learning_rates) {}

Outputs Learner::forward(const Tensor& images, const StepState* state, const std::vector<std::string>& wanted) {
  Outputs outputs{.logits = {}, .features = wanted.empty() ? Features() : network_.features(wanted)};
  outputs.logits = network_.forward(
      images, {.training = true, .state = state, .features = wanted.empty() ? nullptr : &outputs.features});
  return outputs;
}

void Learner::update(const StepState* state) {
  network_.store().finish_gradients();
  optimizer_.step(state);
}

}  // namespace cucurbit
