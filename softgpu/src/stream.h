#pragma once

#include <chrono>
#include <memory>
#include <mutex>

#include "capture.h"
#include "cuda_runtime_api.h"
#include "error.h"
#include "handle_table.h"

struct CUstream_st {
  bool alive = false;
  unsigned int flags = cudaStreamDefault;
  int priority = 0;
  std::shared_ptr<softgpu::Capture> capture;  // null unless capturing
  softgpu::NodeList tips;                     // last captured nodes: the next one depends on them
};

struct CUevent_st {
  bool alive = false;
  unsigned int flags = cudaEventDefault;
  bool recorded = false;
  std::chrono::steady_clock::time_point time;
  bool captured = false;                    // last recorded in a capturing stream
  std::weak_ptr<softgpu::Capture> capture;  // that capture, while it lasts
  softgpu::NodeList tips;                   // what the event stands for in it
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

/// Runs `run()` now, or, when the stream captures, records a node of this type that will run `keep()`'s result.
/// Errors are returned, not yet reported.
template <class Run, class Keep>
cudaError_t submit(cudaStream_t handle, cudaGraphNodeType type, Run&& run, Keep&& keep) {
  CUstream_st* stream = nullptr;
  if (const cudaError_t error = open_stream(handle, stream); error != cudaSuccess) return error;
  if (stream->capture != nullptr) {
    stream->capture->add(stream->tips, type, keep());
    return cudaSuccess;
  }
  std::lock_guard lock(device_mutex());
  return run_guarded(run);
}

}  // namespace softgpu
