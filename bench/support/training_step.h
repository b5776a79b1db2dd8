#pragma once

#include <memory>
#include <string>

#include "engine/nn/network.h"
#include "engine/optim/optimizer.h"
#include "engine/runtime/graph.h"
#include "kernels/metrics.h"

namespace cucurbit::bench {

/// What one step has to do, whoever does it.
struct Work {
  double flop = 0, bytes = 0;
};

/// The training steps of bench/peers/README.md, made of the engine's own layers: fixed batch, mean cross-entropy, SGD
/// with momentum.
class TrainingStep {
 public:
  /// `network` is mlp or convnet.
  TrainingStep(const std::string& network, DType compute);

  /// Queues one step, op by op.
  void run_eagerly();
  /// Queues one step as a replay of a recorded graph; records it first where needed, after at least one eager step.
  void run();
  /// Waits for the last eager step and returns its loss, taken before its update.
  double loss() const;

  Work work() const;
  int64_t batch() const { return images_.dim(0); }

 private:
  void load_hashed_weights();

  std::unique_ptr<Network> network_;
  std::unique_ptr<Optimizer> optimizer_;
  double first_layer_flop_ = 0;
  int64_t activations_ = 0;  // elements a step leaves between its layers, see work()
  Tensor images_, labels_, state_, metrics_, loss_;
  std::unique_ptr<StepGraph> graph_;
};

}  // namespace cucurbit::bench
