#include "engine/runtime/graph.h"

#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"

namespace cucurbit {

StepGraph::StepGraph(const std::function<void()>& step) {
  cudaGraph_t graph{};
  Pool::current().trim();  // frees what the eager steps used: the graph has memory of its own
  {
    PoolScope own(*pool_);
    // Relaxed: the pool may have to call cudaMalloc while capturing, which is safe on one stream.
    check_cuda(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeRelaxed), "graph capture");
    try {
      step();
    } catch (...) {
      cudaStreamEndCapture(stream(), &graph);
      if (graph) cudaGraphDestroy(graph);
      cudaGetLastError();
      throw;
    }
    check_cuda(cudaStreamEndCapture(stream(), &graph), "graph capture");
  }
  check_cuda(cudaGraphGetNodes(graph, nullptr, &nodes_), "graph nodes");
  const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
  cudaGraphDestroy(graph);
  check_cuda(status, "graph instantiate");
}

StepGraph::~StepGraph() {
  cudaStreamSynchronize(stream());
  if (executable_) cudaGraphExecDestroy(executable_);
}

void StepGraph::launch() { check_cuda(cudaGraphLaunch(executable_, stream()), "graph launch"); }

}  // namespace cucurbit
