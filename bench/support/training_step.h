#pragma once

#include <memory>
#include <string>

#include "engine/nn/network.h"
#include "engine/optim/optimizer.h"
#include "engine/profile/profiler.h"
#include "engine/runtime/graph.h"
#include "kernels/metrics.h"

namespace cucurbit::bench {

/// The training steps of bench/peers/README.md, made of the engine's own layers: fixed batch, mean cross-entropy or,
/// with a teacher, the distillation loss, SGD with momentum.
class TrainingStep {
 public:
  /// `network` is mlp, convnet, the name of a registered model, or TEACHER-STUDENT of two of these.
  TrainingStep(const std::string& network, DType compute);

  /// Queues one step, op by op.
  void run_eagerly();
  /// Queues one step as a replay of a recorded graph; records it first where needed, after at least one eager step.
  void run();
  /// Waits for the last eager step and returns its loss, taken before its update.
  double loss() const;

  int64_t batch() const { return images_.dim(0); }

 private:
  std::unique_ptr<Network> network_, teacher_;
  std::unique_ptr<Optimizer> optimizer_;
  Tensor images_, labels_, state_, metrics_, loss_;
  std::unique_ptr<StepGraph> graph_;
};

}  // namespace cucurbit::bench
