#pragma once

#include <cuda_runtime.h>

#include <functional>
#include <memory>

#include "engine/runtime/pool.h"

namespace cucurbit {

/// A step captured once as a CUDA graph and replayed: the same kernels on the same addresses, without the host's work.
/// Whatever must survive a replay (parameters, counters, losses) is allocated before capture.
class StepGraph {
 public:
  /// Captures what `step` queues on stream(); nothing runs. `step` must have run once before, so that lazy set-up
  /// (library handles, primitives) is done, and must not synchronise or copy to the host.
  explicit StepGraph(const std::function<void()>& step);
  ~StepGraph();
  StepGraph(const StepGraph&) = delete;
  StepGraph& operator=(const StepGraph&) = delete;

  /// Queues a replay.
  void launch();
  /// Kernels, copies and library calls in one replay.
  size_t nodes() const { return nodes_; }
  /// The peak, in bytes, of the memory that the step allocates itself: activations, their gradients, workspaces. Memory
  /// allocated before the capture is not counted. Every replay needs this much.
  size_t peak_bytes() const { return pool_->peak(); }

 private:
  std::shared_ptr<Pool> pool_ = std::make_shared<Pool>();
  cudaGraphExec_t executable_{};
  size_t nodes_ = 0;
};

}  // namespace cucurbit
