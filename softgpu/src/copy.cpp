#include <cstring>

#include "arena.h"
#include "check/check.h"
#include "memory.h"
#include "stream.h"

/// Copies and fills. Memory that the call names as device memory must be device memory, and a copy beyond the end of an
/// allocation is refused.

namespace softgpu {
namespace {

enum class Side { host, device, any };

bool range_is_valid(const void* pointer, size_t bytes, Side side) {
  if (pointer == nullptr) return false;
  std::lock_guard lock(memory_mutex());
  const Allocation* const block = memory_map().find_containing(pointer);
  const bool on_device = block != nullptr && block->kind != MemoryKind::host;
  if (side == Side::host && on_device) return false;
  if (side == Side::device && block == nullptr) return false;  // the device can access pinned memory too
  return block == nullptr ||
         bytes <= static_cast<size_t>(block->address + block->bytes - static_cast<const std::byte*>(pointer));
}

struct Sides {
  Side dst, src;
};

bool sides_of(cudaMemcpyKind kind, Sides& sides) {
  switch (kind) {
    case cudaMemcpyHostToHost:
      sides = {Side::host, Side::host};
      return true;
    case cudaMemcpyHostToDevice:
      sides = {Side::device, Side::host};
      return true;
    case cudaMemcpyDeviceToHost:
      sides = {Side::host, Side::device};
      return true;
    case cudaMemcpyDeviceToDevice:
      sides = {Side::device, Side::device};
      return true;
    case cudaMemcpyDefault:
      sides = {Side::any, Side::any};
      return true;
  }
  return false;
}

/// The check that synchronous calls make in addition: they use the legacy stream and wait for it.
cudaError_t check_synchronous() {
  if (const cudaError_t error = check_legacy_use(); error != cudaSuccess) return error;
  return check_unsafe_call();
}

struct Copy {
  void* dst;
  const void* src;
  size_t dst_pitch, src_pitch, width, height;

  std::byte* dst_row(size_t row) const { return static_cast<std::byte*>(dst) + row * dst_pitch; }
  const std::byte* src_row(size_t row) const { return static_cast<const std::byte*>(src) + row * src_pitch; }
  size_t dst_bytes() const { return dst_pitch * (height - 1) + width; }
  size_t src_bytes() const { return src_pitch * (height - 1) + width; }
};

/// How a copy was requested.
struct Call {
  const char* name;
  const void* site;
  bool synchronous;
};

void declare_row(void* dst, const void* src, size_t bytes, const char* name) {
  const bool to_device = arena_contains(dst), from_device = arena_contains(src);
  if (to_device && from_device) {
    check::copies(dst, src, bytes);
  } else if (to_device) {
    check::writes(dst, bytes, name);
  } else if (from_device) {
    check::reads(src, bytes, name);
  }
}

void move(const Copy& copy, const char* name) {
  for (size_t row = 0; row < copy.height; ++row) {
    if (orders_kept() && check::active()) declare_row(copy.dst_row(row), copy.src_row(row), copy.width, name);
    std::memmove(copy.dst_row(row), copy.src_row(row), copy.width);
  }
}

/// The same copy from a staging buffer, which is filled now and owned by the result.
std::function<void()> staged(const Copy& copy, const char* name) {
  const auto buffer = std::make_shared<std::vector<std::byte>>(copy.width * copy.height);
  for (size_t row = 0; row < copy.height; ++row) {
    std::memcpy(buffer->data() + row * copy.width, copy.src_row(row), copy.width);
  }
  Copy rest = copy;
  rest.src = buffer->data();
  rest.src_pitch = copy.width;
  return [rest, buffer, name] { move(rest, name); };
}

enum class Place { device, pinned, pageable };

Place place_of(const void* pointer) {
  std::lock_guard lock(memory_mutex());
  const Allocation* const block = memory_map().find_containing(pointer);
  if (block == nullptr) return Place::pageable;
  return block->kind == MemoryKind::host ? Place::pinned : Place::device;
}

/// Whether the call returns only once the copy has ended ("API synchronization behavior" in CUDA's documentation).
bool host_waits_for_copy(Place dst, Place src, bool synchronous) {
  if (dst == Place::device && src == Place::device) return false;
  if (dst == Place::device && src == Place::pageable) return false;  // the host waits for the staging only
  return synchronous || dst == Place::pageable || (dst != Place::device && src != Place::device);
}

/// The copy where orders are kept: the host waits exactly where CUDA makes it wait.
cudaError_t copy_in_order(const Copy& copy, CUstream_st& stream, cudaStream_t handle, const Call& call) {
  const Place dst = place_of(copy.dst), src = place_of(copy.src);
  const bool stages = dst == Place::device && src == Place::pageable;
  if (stages && call.synchronous) {  // staging begins once everything that the legacy stream waits for is done
    cudaError_t error = submit_ordered(stream, [] {}, {.call = call.name});
    if (error == cudaSuccess) error = wait_for(handle);
    if (error != cudaSuccess) return error;
  }
  auto work = stages && strict() ? staged(copy, call.name) : [copy, name = call.name] { move(copy, name); };
  const cudaError_t error = submit_ordered(
      stream, std::move(work),
      {call.name, nullptr, call.site, {{copy.dst, copy.dst_bytes(), true}, {copy.src, copy.src_bytes(), false}}});
  return error == cudaSuccess && host_waits_for_copy(dst, src, call.synchronous) ? wait_for(handle) : error;
}

cudaError_t run_copy(const Copy& copy, cudaMemcpyKind kind, cudaStream_t handle, const Call& call) {
  Sides sides{};
  if (!sides_of(kind, sides)) return cudaErrorInvalidMemcpyDirection;
  if (copy.width > copy.dst_pitch || copy.width > copy.src_pitch) return cudaErrorInvalidPitchValue;
  if (copy.width == 0 || copy.height == 0) return cudaSuccess;
  if (!range_is_valid(copy.dst, copy.dst_bytes(), sides.dst) ||
      !range_is_valid(copy.src, copy.src_bytes(), sides.src)) {
    return cudaErrorInvalidValue;
  }
  if (orders_kept()) {
    CUstream_st* stream = nullptr;
    if (const cudaError_t error = open_stream(handle, stream); error != cudaSuccess) return error;
    if (stream->capture == nullptr) return copy_in_order(copy, *stream, handle, call);
  }
  return submit(
      handle, cudaGraphNodeTypeMemcpy, [&] { move(copy, call.name); },
      [&] { return [copy, name = call.name] { move(copy, name); }; },
      [&] {
        return Submission{
            call.name, nullptr, call.site, {{copy.dst, copy.dst_bytes(), true}, {copy.src, copy.src_bytes(), false}}};
      });
}

cudaError_t copy_bytes(void* dst, const void* src, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream,
                       const Call& call) {
  return run_copy({dst, src, bytes, bytes, bytes, 1}, kind, stream, call);
}

cudaError_t fill(void* pointer, int value, size_t bytes, cudaStream_t stream, const Call& call) {
  if (bytes == 0) return cudaSuccess;
  if (!range_is_valid(pointer, bytes, Side::device)) return cudaErrorInvalidValue;
  const auto work = [=, name = call.name] {
    if (arena_contains(pointer) && check::active()) check::writes(pointer, bytes, name);
    std::memset(pointer, value, bytes);
  };
  const cudaError_t error = submit(
      stream, cudaGraphNodeTypeMemset, work, [&] { return work; },
      [&] {
        return Submission{call.name, nullptr, call.site, {{pointer, bytes, true}}};
      });
  const bool waits = call.synchronous && orders_kept() && place_of(pointer) == Place::pinned;
  return error == cudaSuccess && waits ? wait_for(stream) : error;
}

}  // namespace
}  // namespace softgpu

using softgpu::api;

cudaError_t cudaMemcpy(void* dst, const void* src, size_t bytes, cudaMemcpyKind kind) {
  const softgpu::Call call{"cudaMemcpy", __builtin_return_address(0), true};
  return api([&] {
    const cudaError_t error = softgpu::check_synchronous();
    return error != cudaSuccess ? error : softgpu::copy_bytes(dst, src, bytes, kind, cudaStreamLegacy, call);
  });
}

cudaError_t cudaMemcpyAsync(void* dst, const void* src, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  const softgpu::Call call{"cudaMemcpyAsync", __builtin_return_address(0), false};
  return api([&] { return softgpu::copy_bytes(dst, src, bytes, kind, stream, call); });
}

cudaError_t cudaMemcpy2D(void* dst, size_t dst_pitch, const void* src, size_t src_pitch, size_t width, size_t height,
                         cudaMemcpyKind kind) {
  const softgpu::Call call{"cudaMemcpy2D", __builtin_return_address(0), true};
  return api([&] {
    const cudaError_t error = softgpu::check_synchronous();
    if (error != cudaSuccess) return error;
    return softgpu::run_copy({dst, src, dst_pitch, src_pitch, width, height}, kind, cudaStreamLegacy, call);
  });
}

cudaError_t cudaMemcpy2DAsync(void* dst, size_t dst_pitch, const void* src, size_t src_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  const softgpu::Call call{"cudaMemcpy2DAsync", __builtin_return_address(0), false};
  return api([&] { return softgpu::run_copy({dst, src, dst_pitch, src_pitch, width, height}, kind, stream, call); });
}

cudaError_t cudaMemset(void* pointer, int value, size_t bytes) {
  const softgpu::Call call{"cudaMemset", __builtin_return_address(0), true};
  return api([&] {
    const cudaError_t error = softgpu::check_synchronous();
    return error != cudaSuccess ? error : softgpu::fill(pointer, value, bytes, cudaStreamLegacy, call);
  });
}

cudaError_t cudaMemsetAsync(void* pointer, int value, size_t bytes, cudaStream_t stream) {
  const softgpu::Call call{"cudaMemsetAsync", __builtin_return_address(0), false};
  return api([&] { return softgpu::fill(pointer, value, bytes, stream, call); });
}
