#include <algorithm>

#include "check/check.h"
#include "stream.h"

/// Graphs as a capture leaves them: a list of closures in an order that respects all dependencies, and is kept at
/// replay.

namespace softgpu {
namespace {

HandleTable<CUgraphExec_st>& executables() {
  static HandleTable<CUgraphExec_st> table;
  return table;
}

cudaError_t instantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long flags) {
  constexpr unsigned long long kKnownFlags =
      cudaGraphInstantiateFlagAutoFreeOnLaunch | cudaGraphInstantiateFlagUseNodePriority;
  if (exec == nullptr || !HandleTable<CUgraph_st>::valid(graph) || (flags & ~kKnownFlags) != 0) {
    return cudaErrorInvalidValue;
  }
  *exec = executables().create();
  (*exec)->memory = graph->memory;
  for (const auto& node : graph->nodes) {
    if (node->work) (*exec)->steps.push_back(node->work);
    (*exec)->uses.insert((*exec)->uses.end(), node->uses.begin(), node->uses.end());
    (*exec)->events.insert((*exec)->events.end(), node->events.begin(), node->events.end());
  }
  return cudaSuccess;
}

/// Runs the nodes in the order of capture. Checkers treat them as ordered like this, even in branches that are
/// independent.
void replay(const CUgraphExec_st& exec) {
  for (const std::function<void()>& step : exec.steps) {
    if (check::active()) check::next_step();
    step();
  }
}

/// A graph that is launched into a capturing stream becomes one node of the graph being captured.
cudaError_t launch_graph(cudaGraphExec_t exec, cudaStream_t stream, const void* site) {
  if (!HandleTable<CUgraphExec_st>::valid(exec)) return cudaErrorInvalidValue;
  const cudaError_t error = submit(
      stream, cudaGraphNodeTypeGraph, [exec] { replay(*exec); },
      [exec] { return [copy = CUgraphExec_st(*exec)] { replay(copy); }; },
      [&] {
        return Submission{"cudaGraphLaunch", nullptr, site, exec->uses};
      });
  if (error == cudaSuccess && orders_kept()) note_launched(exec->events, *find_stream(stream));
  return error;
}

}  // namespace
}  // namespace softgpu

using softgpu::api;

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long flags) {
  return api([&] { return softgpu::instantiate(exec, graph, flags); });
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long flags) {
  return api([&] { return softgpu::instantiate(exec, graph, flags); });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  return api([&, site = __builtin_return_address(0)] { return softgpu::launch_graph(exec, stream, site); });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  return api([&] {
    if (!softgpu::HandleTable<CUgraphExec_st>::valid(exec)) return cudaErrorInvalidValue;
    std::lock_guard lock(softgpu::device_mutex());
    softgpu::executables().destroy(exec);
    return cudaSuccess;
  });
}

/// If `nodes` is null, sets *count to the number of nodes. Otherwise writes up to *count of them, sets the rest of the
/// array to null, and sets *count to the number written.
cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
  return api([&] {
    if (!softgpu::HandleTable<CUgraph_st>::valid(graph) || count == nullptr) return cudaErrorInvalidValue;
    if (nodes == nullptr) {
      *count = graph->nodes.size();
      return cudaSuccess;
    }
    const size_t written = std::min(*count, graph->nodes.size());
    for (size_t i = 0; i < written; ++i) nodes[i] = graph->nodes[i].get();
    std::fill(nodes + written, nodes + *count, nullptr);
    *count = written;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node, cudaGraphNodeType* type) {
  return api([&] {
    if (node == nullptr || type == nullptr) return cudaErrorInvalidValue;
    *type = node->type;
    return cudaSuccess;
  });
}
