#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

#include "cuda_runtime_api.h"

namespace softgpu {

class GraphMemory;

enum class MemoryKind { device, pooled, host };

/// One block of memory the runtime handed out, or keeps cached in the pool (`live` is false then).
struct Allocation {
  std::byte* address;
  size_t bytes;     ///< what the user may touch
  size_t capacity;  ///< what is reserved for it
  MemoryKind kind;
  bool live;
  GraphMemory* graph;  ///< owner, when allocated in a capture
};

/// All memory of the device, and pinned host memory, by address. Callers hold memory_mutex().
class MemoryMap {
 public:
  /// Reserves memory, aligned to 512 bytes (2 MiB, on huge pages, from 4 MiB up). Null when the device, whose size
  /// binds all but host memory, or the machine is full.
  Allocation* reserve(size_t bytes, size_t capacity, MemoryKind kind);
  void release(Allocation* allocation);
  void release_all_device();

  /// The live allocation that starts at `pointer`, or that contains it; null when there is none.
  Allocation* find_start(const void* pointer);
  Allocation* find_containing(const void* pointer);

  size_t device_size() const { return device_size_; }
  size_t device_used() const { return device_used_; }
  /// Counts the calls of release_all_device: owners of older allocations must not touch them.
  uint64_t generation() const { return generation_; }

 private:
  static size_t configured_size();

  std::map<uintptr_t, Allocation> blocks_;
  size_t device_size_ = configured_size();
  size_t device_used_ = 0;
  uint64_t generation_ = 0;
};

std::mutex& memory_mutex();
MemoryMap& memory_map();

}  // namespace softgpu
