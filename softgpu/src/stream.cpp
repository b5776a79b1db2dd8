#include "stream.h"

#include <algorithm>

#include "enqueue.h"
#include "pool.h"

namespace softgpu {
namespace {

/// A stream that exists without being created.
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

constexpr int kLeastPriority = 0;
constexpr int kGreatestPriority = -5;

cudaError_t create_stream(cudaStream_t* stream, unsigned int flags, int priority) {
  if (stream == nullptr || (flags & ~cudaStreamNonBlocking) != 0) return cudaErrorInvalidValue;
  *stream = streams().create();
  (*stream)->flags = flags;
  (*stream)->priority = std::min(kLeastPriority, std::max(kGreatestPriority, priority));
  return cudaSuccess;
}

/// Waits until `handle` has nothing left to do: work runs when enqueued, so only other host threads can be at it.
cudaError_t wait_for(cudaStream_t handle) {
  CUstream_st* stream = nullptr;
  if (const cudaError_t error = open_stream(handle, stream); error != cudaSuccess) return error;
  if (stream->capture != nullptr) {
    stream->capture->invalidated = true;
    return cudaErrorStreamCaptureUnsupported;
  }
  std::lock_guard lock(device_mutex());
  return cudaSuccess;
}

}  // namespace

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

cudaError_t enqueue(cudaStream_t stream, std::function<void()> work) {
  return api([&] { return submit(stream, cudaGraphNodeTypeKernel, work, [&] { return std::move(work); }); });
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
  return api([&] { return softgpu::wait_for(stream); });
}

cudaError_t cudaDeviceSynchronize() {
  return api([] {
    if (const cudaError_t error = softgpu::check_device_wait(); error != cudaSuccess) return error;
    std::lock_guard lock(softgpu::device_mutex());
    softgpu::default_pool().release_above_threshold();
    return cudaSuccess;
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
      function(user_data);
    };
    return softgpu::submit(stream, cudaGraphNodeTypeHost, work, [&] { return work; });
  });
}
