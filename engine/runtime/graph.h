#pragma once

#include <cuda_runtime.h>

#include <functional>
#include <memory>

#include "engine/runtime/pool.h"

namespace cucurbit {

/// A step recorded once and replayed: the same kernels on the same addresses, without the host's work.
/// Whatever must survive a replay (parameters, counters, losses) is allocated before capture.
class StepGraph {
 public:
  /// Records what `step` queues on stream(); nothing runs. `step` must have run once before, so that lazy set-up
  /// (library handles, primitives) is done, and must not synchronise or copy to the host.
  explicit StepGraph(const std::function<void()>& step);
  ~StepGraph();
  StepGraph(const StepGraph&) = delete;
  StepGraph& operator=(const StepGraph&) = delete;

  void launch();
  /// Kernels, copies and library calls in one replay.
  size_t nodes() const { return nodes_; }
  /// The most bytes that the step has in use at once of what it allocates itself: activations, gradients of activations,
  /// workspaces. What was allocated before capture is not counted. Every replay needs as much.
  size_t peak_bytes() const { return pool_->peak(); }

 private:
  std::shared_ptr<Pool> pool_ = std::make_shared<Pool>();
  cudaGraphExec_t executable_{};
  size_t nodes_ = 0;
};

}  // namespace cucurbit
