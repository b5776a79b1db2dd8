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

/// What one cudaEventRecord has recorded, where orders are kept.
struct EventRecord {
  Seen after;                                  ///< everything up to the event
  std::chrono::steady_clock::time_point time;  ///< when it ran
};

}  // namespace softgpu

struct CUstream_st {
  bool alive = false;
  unsigned int flags = cudaStreamDefault;
  int priority = 0;
  std::shared_ptr<softgpu::Capture> capture;    // null unless capturing
  softgpu::NodeList tips;                       // the last captured nodes, on which the next one depends
  std::shared_ptr<softgpu::StreamClock> clock;  // null until it is needed
};

struct CUevent_st {
  bool alive = false;
  unsigned int flags = cudaEventDefault;
  bool recorded = false;
  std::chrono::steady_clock::time_point time;
  bool captured = false;                         // whether it was last recorded in a capturing stream
  std::weak_ptr<softgpu::Capture> capture;       // that capture, while it lasts
  softgpu::NodeList tips;                        // the nodes that precede the event in the capture
  std::shared_ptr<softgpu::EventRecord> record;  // the last record; null unless orders are kept
};

namespace softgpu {

HandleTable<CUstream_st>& streams();
HandleTable<CUevent_st>& events();

/// The stream behind a handle, including the predefined ones; null when the handle is not a live stream.
CUstream_st* find_stream(cudaStream_t handle);
bool is_legacy(const CUstream_st* stream);

/// Held while the device works. The device does one thing at a time, with all cores, which preserves the order between
/// streams and between host threads. The mutex is recursive because vendor routines may enqueue parts of their own
/// work.
std::recursive_mutex& device_mutex();

/// Finds the stream for new work and checks that it may take any.
cudaError_t open_stream(cudaStream_t handle, CUstream_st*& stream);

// The functions below are for runs in which orders are kept. Callers hold device_mutex().
StreamClock& clock_of(CUstream_st& stream);
/// Makes `work` the next operation of the stream, ordered after `also` as well: runs it or, in strict mode, defers it.
/// If running work calls this, the new work is part of it and runs immediately. Takes the lock itself.
cudaError_t submit_ordered(CUstream_st& stream, std::function<void()> work, Submission submission,
                           const Seen& also = {});
/// Waits for `seen` on behalf of the host. Returns the first error of deferred work.
cudaError_t synchronise(const Seen& seen);
/// Returns whether `seen` has happened, as cudaSuccess or cudaErrorNotReady.
cudaError_t query_order(const Seen& seen);
/// Notes that the stream's last operation (its last node, if it is capturing) was the launch of a graph that records
/// these events. Takes the lock itself.
void note_launched(const std::vector<CUevent_st*>& events, CUstream_st& stream);

/// Waits until `handle` has nothing left to do. Takes the lock itself.
cudaError_t wait_for(cudaStream_t handle);

/// Runs `run()` now or, when the stream is capturing, records a node of this type that runs the result of `keep()`.
/// Where orders are kept, `describe()` tells which memory the operation accesses. Errors are returned but not yet
/// reported.
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
