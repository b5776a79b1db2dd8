#include "capture.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "pool.h"
#include "stream.h"

namespace softgpu {
namespace {

/// The captures in progress. Thanks to `count`, calls outside of any capture pass their check with a single load.
struct ActiveCaptures {
  std::mutex mutex;
  std::vector<std::shared_ptr<Capture>> list;
  std::atomic<int> count{0};
};

ActiveCaptures& active() {
  static ActiveCaptures captures;
  return captures;
}

constinit thread_local cudaStreamCaptureMode thread_mode = cudaStreamCaptureModeGlobal;

/// Invalidates the active captures for which `concerned(capture)` holds, and returns whether there were any.
template <class Predicate>
bool invalidate_if(Predicate concerned) {
  ActiveCaptures& captures = active();
  if (captures.count.load(std::memory_order_relaxed) == 0) return false;
  std::lock_guard lock(captures.mutex);
  bool any = false;
  for (const std::shared_ptr<Capture>& capture : captures.list) {
    if (!concerned(*capture)) continue;
    capture->invalidated = true;
    any = true;
  }
  return any;
}

bool forbids_unsafe_calls(const Capture& capture) {
  if (capture.mode == cudaStreamCaptureModeRelaxed || thread_mode == cudaStreamCaptureModeRelaxed) return false;
  if (capture.thread == std::this_thread::get_id()) return true;
  return capture.mode == cudaStreamCaptureModeGlobal && thread_mode == cudaStreamCaptureModeGlobal;
}

bool holds_blocking_stream(const Capture& capture) {
  return std::any_of(capture.streams.begin(), capture.streams.end(),
                     [](const CUstream_st* stream) { return (stream->flags & cudaStreamNonBlocking) == 0; });
}

void detach_streams(Capture& capture) {
  const std::vector<CUstream_st*> streams = std::move(capture.streams);
  for (CUstream_st* stream : streams) {
    stream->tips.clear();
    stream->capture.reset();
  }
}

/// Whether every branch has been joined back into the origin: a node without followers must be one of the origin's
/// tips.
bool all_joined(const Capture& capture) {
  const NodeList& tips = capture.origin->tips;
  return std::all_of(capture.graph.nodes.begin(), capture.graph.nodes.end(), [&](const auto& node) {
    return node->has_successor || std::find(tips.begin(), tips.end(), node.get()) != tips.end();
  });
}

HandleTable<CUgraph_st>& graphs() {
  static HandleTable<CUgraph_st> table;
  return table;
}

cudaError_t begin_capture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  CUstream_st* stream = find_stream(handle);
  if (stream == nullptr) return cudaErrorInvalidResourceHandle;
  if (mode < cudaStreamCaptureModeGlobal || mode > cudaStreamCaptureModeRelaxed) return cudaErrorInvalidValue;
  if (is_legacy(stream)) return cudaErrorStreamCaptureUnsupported;
  if (stream->capture != nullptr) return cudaErrorIllegalState;
  const auto capture = std::make_shared<Capture>();
  capture->origin = stream;
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  capture->graph.memory = std::make_shared<GraphMemory>();
  capture->streams.push_back(stream);
  stream->capture = capture;
  std::lock_guard lock(active().mutex);
  active().list.push_back(capture);
  active().count.fetch_add(1, std::memory_order_relaxed);
  return cudaSuccess;
}

cudaError_t end_capture(cudaStream_t handle, cudaGraph_t* graph) {
  CUstream_st* stream = find_stream(handle);
  if (stream == nullptr) return cudaErrorInvalidResourceHandle;
  if (graph == nullptr) return cudaErrorInvalidValue;
  *graph = nullptr;
  const std::shared_ptr<Capture> capture = stream->capture;
  if (capture == nullptr) return cudaErrorIllegalState;
  if (capture->origin != stream) {
    capture->invalidated = true;
    return cudaErrorStreamCaptureUnmatched;
  }
  if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id()) {
    return cudaErrorStreamCaptureWrongThread;
  }
  const bool joined = all_joined(*capture);
  detach_streams(*capture);
  {
    std::lock_guard lock(active().mutex);
    std::erase(active().list, capture);
    active().count.fetch_sub(1, std::memory_order_relaxed);
  }
  if (capture->invalidated) return cudaErrorStreamCaptureInvalidated;
  if (!joined) return cudaErrorStreamCaptureUnjoined;
  *graph = graphs().create();
  **graph = std::move(capture->graph);
  (*graph)->alive = true;
  return cudaSuccess;
}

}  // namespace

CUgraphNode_st& Capture::add(NodeList& tips, cudaGraphNodeType type, std::function<void()> work) {
  for (CUgraphNode_st* tip : tips) tip->has_successor = true;
  graph.nodes.push_back(std::make_unique<CUgraphNode_st>(CUgraphNode_st{type, std::move(work)}));
  tips.assign(1, graph.nodes.back().get());
  return *graph.nodes.back();
}

void Capture::join(CUstream_st* stream, const NodeList& tips) {
  if (std::find(streams.begin(), streams.end(), stream) == streams.end()) streams.push_back(stream);
  for (CUgraphNode_st* tip : tips) {
    if (std::find(stream->tips.begin(), stream->tips.end(), tip) == stream->tips.end()) stream->tips.push_back(tip);
  }
}

cudaError_t check_unsafe_call() {
  return invalidate_if(forbids_unsafe_calls) ? cudaErrorStreamCaptureUnsupported : cudaSuccess;
}

cudaError_t check_legacy_use() {
  return invalidate_if(holds_blocking_stream) ? cudaErrorStreamCaptureImplicit : cudaSuccess;
}

cudaError_t check_device_wait() {
  return invalidate_if([](const Capture&) { return true; }) ? cudaErrorStreamCaptureUnsupported : cudaSuccess;
}

void abandon_captures() {
  ActiveCaptures& captures = active();
  std::lock_guard lock(captures.mutex);
  for (const std::shared_ptr<Capture>& capture : captures.list) detach_streams(*capture);
  captures.list.clear();
  captures.count.store(0, std::memory_order_relaxed);
}

}  // namespace softgpu

using softgpu::api;

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  return api([&] { return softgpu::begin_capture(stream, mode); });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return api([&] { return softgpu::end_capture(stream, graph); });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  return api([&] {
    const CUstream_st* stream = softgpu::find_stream(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    if (status == nullptr) return cudaErrorInvalidValue;
    if (stream->capture == nullptr) {
      *status = cudaStreamCaptureStatusNone;
    } else {
      *status = stream->capture->invalidated ? cudaStreamCaptureStatusInvalidated : cudaStreamCaptureStatusActive;
    }
    return cudaSuccess;
  });
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  return api([&] {
    if (mode == nullptr || *mode < cudaStreamCaptureModeGlobal || *mode > cudaStreamCaptureModeRelaxed) {
      return cudaErrorInvalidValue;
    }
    std::swap(*mode, softgpu::thread_mode);
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return api([&] {
    if (!softgpu::HandleTable<CUgraph_st>::valid(graph)) return cudaErrorInvalidValue;
    softgpu::graphs().destroy(graph);
    return cudaSuccess;
  });
}
