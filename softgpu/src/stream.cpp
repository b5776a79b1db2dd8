#include "stream.h"

#include <algorithm>

#include "arena.h"
#include "check/check.h"
#include "enqueue.h"
#include "pool.h"

namespace softgpu {
namespace {

/// A stream that exists without having been created.
struct PredefinedStream : CUstream_st {
  PredefinedStream() { alive = true; }
};

CUstream_st& legacy_stream() {
  static PredefinedStream stream;
  return stream;
}

CUstream_st& per_thread_stream() {
  static thread_local PredefinedStream stream;
  return stream;
}

/// Wraps `work` so that it reports its memory accesses to the checkers.
std::function<void()> declaring(std::function<void()> work, const char* routine, std::vector<Use> uses) {
  return [=, work = std::move(work), uses = std::move(uses)] {
    for (const Use& use : uses) {
      if (!use.written && arena_contains(use.address)) check::reads(use.address, use.bytes, routine);
    }
    work();
    for (const Use& use : uses) {
      if (use.written && arena_contains(use.address)) check::writes(use.address, use.bytes, routine);
    }
  };
}

constexpr int kLeastPriority = 0;
constexpr int kGreatestPriority = -5;

cudaError_t create_stream(cudaStream_t* stream, unsigned int flags, int priority) {
  if (stream == nullptr || (flags & ~cudaStreamNonBlocking) != 0) return cudaErrorInvalidValue;
  *stream = streams().create();
  (*stream)->flags = flags;
  (*stream)->priority = std::min(kLeastPriority, std::max(kGreatestPriority, priority));
  return cudaSuccess;
}

/// Finds the stream behind `handle` and checks that it may be waited for.
cudaError_t open_to_wait(cudaStream_t handle, CUstream_st*& stream) {
  if (const cudaError_t error = open_stream(handle, stream); error != cudaSuccess) return error;
  if (stream->capture == nullptr) return cudaSuccess;
  stream->capture->invalidated = true;
  return cudaErrorStreamCaptureUnsupported;
}

/// Returns whether the stream is idle. It also lets deferred work make progress, so that a loop around the query ends.
cudaError_t query(cudaStream_t handle) {
  CUstream_st* stream = nullptr;
  if (const cudaError_t error = open_to_wait(handle, stream); error != cudaSuccess) return error;
  std::lock_guard lock(device_mutex());
  return orders_kept() ? query_order(clock_of(*stream).seen) : cudaSuccess;
}

}  // namespace

StreamClock& clock_of(CUstream_st& stream) {
  if (stream.clock == nullptr) {
    const bool blocking = (stream.flags & cudaStreamNonBlocking) == 0;
    stream.clock = make_clock(is_legacy(&stream) ? StreamKind::legacy
                              : blocking         ? StreamKind::blocking
                                                 : StreamKind::non_blocking);
  }
  return *stream.clock;
}

cudaError_t submit_ordered(CUstream_st& stream, std::function<void()> work, Submission submission, const Seen& also) {
  if (inside_operation()) return run_guarded(work);
  std::lock_guard lock(device_mutex());
  Order order = next_operation(clock_of(stream), also);
  return strict() ? defer(std::move(order), std::move(submission), std::move(work))
                  : run_operation(order, submission.site, work);
}

cudaError_t synchronise(const Seen& seen) {
  const cudaError_t error = strict() ? run_until(seen) : cudaSuccess;
  host_waits(seen);
  return error;
}

cudaError_t query_order(const Seen& seen) {
  if (strict()) {
    if (const cudaError_t error = run_some(seen); error != cudaSuccess) return error;
    if (!complete(seen)) return cudaErrorNotReady;
  }
  host_waits(seen);
  return cudaSuccess;
}

cudaError_t wait_for(cudaStream_t handle) {
  CUstream_st* stream = nullptr;
  if (const cudaError_t error = open_to_wait(handle, stream); error != cudaSuccess) return error;
  std::lock_guard lock(device_mutex());  // only another host thread can be running work now
  return orders_kept() ? synchronise(clock_of(*stream).seen) : cudaSuccess;
}

HandleTable<CUstream_st>& streams() {
  static HandleTable<CUstream_st> table;
  return table;
}

CUstream_st* find_stream(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy) return &legacy_stream();
  if (handle == cudaStreamPerThread) return &per_thread_stream();
  return handle->alive ? handle : nullptr;
}

bool is_legacy(const CUstream_st* stream) { return stream == &legacy_stream(); }

std::recursive_mutex& device_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

cudaError_t open_stream(cudaStream_t handle, CUstream_st*& stream) {
  stream = find_stream(handle);
  if (stream == nullptr) return cudaErrorInvalidResourceHandle;
  if (stream->capture != nullptr) return stream->capture->invalidated ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
  return is_legacy(stream) ? check_legacy_use() : cudaSuccess;
}

cudaError_t enqueue(cudaStream_t stream, std::function<void()> work, const char* routine, std::vector<Use> uses) {
  if (check::active()) work = declaring(std::move(work), routine, uses);
  return api([&, site = __builtin_return_address(0)] {
    return submit(
        stream, cudaGraphNodeTypeKernel, work, [&] { return std::move(work); },
        [&] {
          return Submission{routine, nullptr, site, std::move(uses)};
        });
  });
}

}  // namespace softgpu

using softgpu::api;

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return api([&] { return softgpu::create_stream(stream, cudaStreamDefault, softgpu::kLeastPriority); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int flags) {
  return api([&] { return softgpu::create_stream(stream, flags, softgpu::kLeastPriority); });
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned int flags, int priority) {
  return api([&] { return softgpu::create_stream(stream, flags, priority); });
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  return api([&] {
    if (least != nullptr) *least = softgpu::kLeastPriority;
    if (greatest != nullptr) *greatest = softgpu::kGreatestPriority;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return api([&] {
    if (stream == nullptr || stream == cudaStreamLegacy || stream == cudaStreamPerThread || !stream->alive) {
      return cudaErrorInvalidResourceHandle;
    }
    if (stream->capture != nullptr) {
      stream->capture->invalidated = true;
      return cudaErrorStreamCaptureUnsupported;
    }
    std::lock_guard lock(softgpu::device_mutex());
    softgpu::streams().destroy(stream);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return api([&] {
    const cudaError_t error = softgpu::wait_for(stream);
    if (error == cudaSuccess) softgpu::default_pool().release_above_threshold();
    return error;
  });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return api([&] { return softgpu::query(stream); });
}

cudaError_t cudaDeviceSynchronize() {
  return api([] {
    if (const cudaError_t error = softgpu::check_device_wait(); error != cudaSuccess) return error;
    std::lock_guard lock(softgpu::device_mutex());
    cudaError_t error = cudaSuccess;
    if (softgpu::orders_kept()) error = softgpu::synchronise(softgpu::Seen(softgpu::everything()));
    softgpu::default_pool().release_above_threshold();
    return error;
  });
}

cudaError_t cudaStreamGetFlags(cudaStream_t handle, unsigned int* flags) {
  return api([&] {
    const CUstream_st* stream = softgpu::find_stream(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    if (flags == nullptr) return cudaErrorInvalidValue;
    *flags = stream->flags;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamGetPriority(cudaStream_t handle, int* priority) {
  return api([&] {
    const CUstream_st* stream = softgpu::find_stream(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    if (priority == nullptr) return cudaErrorInvalidValue;
    *priority = stream->priority;
    return cudaSuccess;
  });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* user_data) {
  return api([&] {
    if (function == nullptr) return cudaErrorInvalidValue;
    const auto work = [function, user_data] {
      const softgpu::HostFunctionScope scope;
      const softgpu::HostAccess access;
      function(user_data);
    };
    return softgpu::submit(
        stream, cudaGraphNodeTypeHost, work, [&] { return work; },
        [] {
          return softgpu::Submission{"cudaLaunchHostFunc", nullptr, nullptr, {}};
        });
  });
}
