#include <cstring>

#include "memory.h"
#include "stream.h"

/// Copies and fills. What is named device memory must be; a copy beyond the end of an allocation is refused.

namespace softgpu {
namespace {

enum class Side { host, device, any };

bool range_is_valid(const void* pointer, size_t bytes, Side side) {
  if (pointer == nullptr) return false;
  std::lock_guard lock(memory_mutex());
  const Allocation* const block = memory_map().find_containing(pointer);
  const bool on_device = block != nullptr && block->kind != MemoryKind::host;
  if (side == Side::host && on_device) return false;
  if (side == Side::device && block == nullptr) return false;  // pinned host memory is mapped into the device
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

/// What a synchronous call adds: it uses the legacy stream and waits for it.
cudaError_t check_synchronous() {
  if (const cudaError_t error = check_legacy_use(); error != cudaSuccess) return error;
  return check_unsafe_call();
}

cudaError_t copy(void* dst, const void* src, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  Sides sides{};
  if (!sides_of(kind, sides)) return cudaErrorInvalidMemcpyDirection;
  if (bytes == 0) return cudaSuccess;
  if (!range_is_valid(dst, bytes, sides.dst) || !range_is_valid(src, bytes, sides.src)) return cudaErrorInvalidValue;
  const auto work = [=] { std::memmove(dst, src, bytes); };
  return submit(stream, cudaGraphNodeTypeMemcpy, work, [&] { return work; });
}

struct Rows {
  size_t dst_pitch, src_pitch, width, height;
};

cudaError_t copy_rows(void* dst, const void* src, const Rows& rows, cudaMemcpyKind kind, cudaStream_t stream) {
  Sides sides{};
  if (!sides_of(kind, sides)) return cudaErrorInvalidMemcpyDirection;
  if (rows.width > rows.dst_pitch || rows.width > rows.src_pitch) return cudaErrorInvalidPitchValue;
  if (rows.width == 0 || rows.height == 0) return cudaSuccess;
  if (!range_is_valid(dst, rows.dst_pitch * (rows.height - 1) + rows.width, sides.dst) ||
      !range_is_valid(src, rows.src_pitch * (rows.height - 1) + rows.width, sides.src)) {
    return cudaErrorInvalidValue;
  }
  const auto work = [=] {
    for (size_t row = 0; row < rows.height; ++row) {
      std::memmove(static_cast<std::byte*>(dst) + row * rows.dst_pitch,
                   static_cast<const std::byte*>(src) + row * rows.src_pitch, rows.width);
    }
  };
  return submit(stream, cudaGraphNodeTypeMemcpy, work, [&] { return work; });
}

cudaError_t fill(void* pointer, int value, size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  if (!range_is_valid(pointer, bytes, Side::device)) return cudaErrorInvalidValue;
  const auto work = [=] { std::memset(pointer, value, bytes); };
  return submit(stream, cudaGraphNodeTypeMemset, work, [&] { return work; });
}

}  // namespace
}  // namespace softgpu

using softgpu::api;

cudaError_t cudaMemcpy(void* dst, const void* src, size_t bytes, cudaMemcpyKind kind) {
  return api([&] {
    const cudaError_t error = softgpu::check_synchronous();
    return error != cudaSuccess ? error : softgpu::copy(dst, src, bytes, kind, cudaStreamLegacy);
  });
}

cudaError_t cudaMemcpyAsync(void* dst, const void* src, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  return api([&] { return softgpu::copy(dst, src, bytes, kind, stream); });
}

cudaError_t cudaMemcpy2D(void* dst, size_t dst_pitch, const void* src, size_t src_pitch, size_t width, size_t height,
                         cudaMemcpyKind kind) {
  return api([&] {
    const cudaError_t error = softgpu::check_synchronous();
    if (error != cudaSuccess) return error;
    return softgpu::copy_rows(dst, src, {dst_pitch, src_pitch, width, height}, kind, cudaStreamLegacy);
  });
}

cudaError_t cudaMemcpy2DAsync(void* dst, size_t dst_pitch, const void* src, size_t src_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  return api([&] { return softgpu::copy_rows(dst, src, {dst_pitch, src_pitch, width, height}, kind, stream); });
}

cudaError_t cudaMemset(void* pointer, int value, size_t bytes) {
  return api([&] {
    const cudaError_t error = softgpu::check_synchronous();
    return error != cudaSuccess ? error : softgpu::fill(pointer, value, bytes, cudaStreamLegacy);
  });
}

cudaError_t cudaMemsetAsync(void* pointer, int value, size_t bytes, cudaStream_t stream) {
  return api([&] { return softgpu::fill(pointer, value, bytes, stream); });
}
