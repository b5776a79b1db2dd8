#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "cuda_runtime_api.h"
#include "strict.h"

/// What a capturing stream records into, and the graphs that result.

namespace softgpu {
class GraphMemory;
struct Capture;
}  // namespace softgpu

struct CUgraphNode_st {
  cudaGraphNodeType type;
  std::function<void()> work;       // empty for nodes that do nothing at replay
  std::vector<softgpu::Use> uses;   // memory that the node accesses; kept in strict mode only
  std::vector<CUevent_st*> events;  // events that every launch records
  bool has_successor = false;
};

struct CUgraph_st {
  bool alive = false;
  std::vector<std::unique_ptr<CUgraphNode_st>> nodes;  // in the order of enqueueing, which respects all dependencies
  std::shared_ptr<softgpu::GraphMemory> memory;
};

struct CUgraphExec_st {
  bool alive = false;
  std::vector<std::function<void()>> steps;
  std::vector<softgpu::Use> uses;   // of all nodes together
  std::vector<CUevent_st*> events;  // events that every launch records
  std::shared_ptr<softgpu::GraphMemory> memory;
};

namespace softgpu {

using NodeList = std::vector<CUgraphNode_st*>;

/// One capture, from cudaStreamBeginCapture on its origin stream to cudaStreamEndCapture.
struct Capture {
  CUstream_st* origin = nullptr;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  std::thread::id thread;
  bool invalidated = false;
  CUgraph_st graph;
  std::vector<CUstream_st*> streams;  // the origin and those that joined it through events

  /// Appends a node that follows everything in `tips`, and makes it the only tip.
  CUgraphNode_st& add(NodeList& tips, cudaGraphNodeType type, std::function<void()> work);

  /// Lets `stream` record into this capture, after the nodes in `tips`.
  void join(CUstream_st* stream, const NodeList& tips);
};

/// Returns cudaErrorStreamCaptureUnsupported when a capture forbids the calling thread to make calls that may
/// synchronise, such as cudaMalloc. The captures concerned become invalid.
cudaError_t check_unsafe_call();

/// Returns cudaErrorStreamCaptureImplicit when the legacy stream may not be used because a blocking stream is
/// capturing.
cudaError_t check_legacy_use();

/// For calls that wait for the whole device: returns cudaErrorStreamCaptureUnsupported when any stream is capturing.
cudaError_t check_device_wait();

void abandon_captures();

}  // namespace softgpu
