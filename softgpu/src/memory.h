#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include "cuda_runtime_api.h"

/// Allocations of device memory and pinned host memory, by address.

namespace softgpu {

class GraphMemory;

enum class MemoryKind { device, pooled, host };

/// One block of memory that the runtime has handed out, or keeps in the cache of the pool (`live` is false then).
struct Allocation {
  std::byte* address;
  size_t bytes;     ///< size that the user may access
  size_t capacity;  ///< size that is reserved
  MemoryKind kind;
  bool live;
  GraphMemory* graph;  ///< the owner of memory that was allocated in a capture
  const void* site;    ///< return address of the call that allocated it; null when unknown
  bool open = false;   ///< in strict mode: whether device work may access it now
};

/// The device memory that an address lies in or next to.
struct Neighbour {
  enum Where { nothing, inside, beyond, before, freed } where = nothing;
  size_t bytes = 0;     ///< size of the allocation
  size_t distance = 0;  ///< from its start, beyond its end or before its start
  const void* site = nullptr;
};

/// All memory of the device, and pinned host memory, by address. Callers hold memory_mutex().
class MemoryMap {
 public:
  /// Reserves memory that is aligned to 512 bytes, or to 2 MiB on huge pages from 4 MiB up. Null when the machine is
  /// full or, except for host memory, when the device is. Where memory is checked, its contents are 0xff bytes.
  Allocation* reserve(size_t bytes, size_t capacity, MemoryKind kind);
  void release(Allocation* allocation);
  void release_all_device();

  /// The live allocation that starts at `pointer`, or that contains it; null when there is none.
  Allocation* find_start(const void* pointer);
  Allocation* find_containing(const void* pointer);

  /// How `address`, which belongs to the device or to no allocation, relates to device memory. Where each allocation
  /// has pages of its own, freed ones are remembered for a while.
  Neighbour neighbour(const void* address) const;
  /// In strict mode: opens the allocation whose pages contain `address` for access. False when there is none.
  bool open_pages(const void* address);
  /// Closes all open allocations, and returns them.
  std::vector<const void*> close_pages();
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [address, block] : blocks_) visit(block);
  }

  size_t device_size() const { return device_size_; }
  size_t device_used() const { return device_used_; }
  /// Counts the calls of release_all_device: owners of older allocations must not use them.
  uint64_t generation() const { return generation_; }

 private:
  static size_t configured_size();

  std::map<uintptr_t, Allocation> blocks_;
  std::deque<Allocation> freed_;  // those freed last, the newest first
  std::vector<const void*> opened_;
  size_t device_size_ = configured_size();
  size_t device_used_ = 0;
  uint64_t generation_ = 0;
};

std::mutex& memory_mutex();
MemoryMap& memory_map();

}  // namespace softgpu
