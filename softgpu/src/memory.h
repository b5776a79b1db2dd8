#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

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
  const void* site;    ///< return address of the call that allocated it; null when unknown
  bool open = false;   ///< in strict mode: device work has the use of it
};

/// Device memory that an address lies in or next to.
struct Neighbour {
  enum Where { nothing, inside, beyond, before, freed } where = nothing;
  size_t bytes = 0;     ///< of the allocation
  size_t distance = 0;  ///< into it, beyond its end or before its start
  const void* site = nullptr;
};

/// All memory of the device, and pinned host memory, by address. Callers hold memory_mutex().
class MemoryMap {
 public:
  /// Reserves memory, aligned to 512 bytes (2 MiB, on huge pages, from 4 MiB up). Null when the device, whose size
  /// binds all but host memory, or the machine is full.
  /// Where memory is checked, its contents are 0xff.
  Allocation* reserve(size_t bytes, size_t capacity, MemoryKind kind);
  void release(Allocation* allocation);
  void release_all_device();

  /// The live allocation that starts at `pointer`, or that contains it; null when there is none.
  Allocation* find_start(const void* pointer);
  Allocation* find_containing(const void* pointer);

  /// What `address`, which belongs to nobody or to the device, has to do with device memory. Where each allocation has
  /// pages of its own, freed ones are remembered for a while.
  Neighbour neighbour(const void* address) const;
  /// In strict mode: lets the allocation be touched whose pages hold `address`. False when there is none.
  bool open_pages(const void* address);
  /// Nothing that was opened can be touched any more. Returns what that was.
  std::vector<const void*> close_pages();
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [address, block] : blocks_) visit(block);
  }

  size_t device_size() const { return device_size_; }
  size_t device_used() const { return device_used_; }
  /// Counts the calls of release_all_device: owners of older allocations must not touch them.
  uint64_t generation() const { return generation_; }

 private:
  static size_t configured_size();

  std::map<uintptr_t, Allocation> blocks_;
  std::deque<Allocation> freed_;  // the last ones, the newest first
  std::vector<const void*> opened_;
  size_t device_size_ = configured_size();
  size_t device_used_ = 0;
  uint64_t generation_ = 0;
};

std::mutex& memory_mutex();
MemoryMap& memory_map();

}  // namespace softgpu
