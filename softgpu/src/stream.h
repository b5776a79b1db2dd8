#pragma once

#include <chrono>
#include <memory>
#include <mutex>

#include "capture.h"
#include "cuda_runtime_api.h"
#include "error.h"
#include "handle_table.h"
#include "order.h"
#include "strict.h"

namespace softgpu {

/// What one cudaEventRecord stands for, where orders are kept.
struct EventRecord {
  Seen after;                                  ///< everything up to it
  std::chrono::steady_clock::time_point time;  ///< once it has run
};

}  // namespace softgpu

struct CUstream_st {
  bool alive = false;
  unsigned int flags = cudaStreamDefault;
  int priority = 0;
  std::shared_ptr<softgpu::Capture> capture;    // null unless capturing
  softgpu::NodeList tips;                       // last captured nodes: the next one depends on them
  std::shared_ptr<softgpu::StreamClock> clock;  // null until it is needed
};

struct CUevent_st {
  bool alive = false;
  unsigned int flags = cudaEventDefault;
  bool recorded = false;
  std::chrono::steady_clock::time_point time;
  bool captured = false;                         // last recorded in a capturing stream
  std::weak_ptr<softgpu::Capture> capture;       // that capture, while it lasts
  softgpu::NodeList tips;                        // what the event stands for in it
  std::shared_ptr<softgpu::EventRecord> record;  // the last one; null unless orders are kept
};

namespace softgpu {

HandleTable<CUstream_st>& streams();
HandleTable<CUevent_st>& events();

/// The stream behind a handle, the predefined ones included; null when the handle is not a live stream.
CUstream_st* find_stream(cudaStream_t handle);
bool is_legacy(const CUstream_st* stream);

/// Held while the device works. The device does one thing at a time, all cores on it; that keeps the order between
/// streams and between host threads. Recursive: vendor routines may enqueue parts of their work themselves.
std::recursive_mutex& device_mutex();

/// Finds the stream for new work and checks that it may take any.
cudaError_t open_stream(cudaStream_t handle, CUstream_st*& stream);

// Where orders are kept; callers hold device_mutex().
StreamClock& clock_of(CUstream_st& stream);
/// Makes `work` the stream's next operation, which comes after `also` too: runs it, or in strict mode defers it. Called
/// by work itself it is part of that and runs at once. Takes the lock itself.
cudaError_t submit_ordered(CUstream_st& stream, std::function<void()> work, Submission submission,
                           const Seen& also = {});
/// What a host call that waits for `seen` does. Returns the first error of deferred work.
cudaError_t synchronise(const Seen& seen);
/// What a call that asks whether `seen` has happened does: cudaErrorNotReady when not.
cudaError_t query_order(const Seen& seen);
/// The stream's last operation, or node when it captures, is the launch of a graph that records these events. Takes the
/// lock itself.
void note_launched(const std::vector<CUevent_st*>& events, CUstream_st& stream);

/// Waits until `handle` has nothing left to do. Takes the lock itself.
cudaError_t wait_for(cudaStream_t handle);

/// Runs `run()` now, or, when the stream captures, records a node of this type that will run `keep()`'s result. Where
/// orders are kept `describe()` tells what the operation touches. Errors are returned, not yet reported.
template <class Run, class Keep, class Describe>
cudaError_t submit(cudaStream_t handle, cudaGraphNodeType type, Run&& run, Keep&& keep, Describe&& describe) {
  CUstream_st* stream = nullptr;
  if (const cudaError_t error = open_stream(handle, stream); error != cudaSuccess) return error;
  if (stream->capture != nullptr) {
    CUgraphNode_st& node = stream->capture->add(stream->tips, type, keep());
    if (strict()) node.uses = describe().uses;
    return cudaSuccess;
  }
  if (orders_kept()) return submit_ordered(*stream, keep(), describe());
  std::lock_guard lock(device_mutex());
  return run_guarded(run);
}

}  // namespace softgpu
