#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "memory.h"

/// The stream-ordered allocator: a cache of freed blocks by size class. Work runs when it is enqueued, so memory that
/// is freed in stream order can be reused immediately. Where memory is checked, nothing is cached: every block is new,
/// and is freed in stream order. Callers hold memory_mutex() except where stated.
struct CUmemPoolHandle_st {
 public:
  using Allocation = softgpu::Allocation;

  /// A block of at least `bytes` bytes, from the cache or new; null when memory is exhausted even with the cache
  /// emptied.
  Allocation* take(size_t bytes);
  /// Frees device memory: returns it to the graph that owns it, to the cache, or to the machine.
  void give_back(Allocation* block);
  /// Returns memory to the cache regardless of its owner, or to the machine where nothing is cached.
  void recycle(Allocation* block);

  /// Reserves device memory, and empties the cache if there is no room otherwise.
  Allocation* reserve_trimming(size_t bytes, size_t capacity, softgpu::MemoryKind kind);

  /// Releases cached blocks until at most `bytes_to_keep` are reserved.
  void trim(size_t bytes_to_keep);
  /// Trims the cache to the release threshold, as a synchronisation does. Takes memory_mutex() itself.
  void release_above_threshold();

  cudaError_t get(cudaMemPoolAttr attribute, void* value) const;
  cudaError_t set(cudaMemPoolAttr attribute, void* value);

  /// Bytes whose freeing waits in the queue of a stream, in strict mode.
  uint64_t queued = 0;

  /// Forgets all blocks and settings after device memory was reset.
  void reset();

 private:
  std::map<size_t, std::vector<Allocation*>> cache_;  // by capacity
  uint64_t release_threshold_ = 0;
  uint64_t reserved_ = 0;
  uint64_t reserved_high_ = 0;
  uint64_t used_ = 0;
  uint64_t used_high_ = 0;
  int reuse_policies_[3] = {1, 1, 1};
};

namespace softgpu {

CUmemPoolHandle_st& default_pool();

/// Runs deferred work that frees memory; false when there was none. Takes the locks itself.
bool finish_queued_frees();

/// The number of bytes reserved for a request, rounded up so that there are few classes and at most an eighth is
/// wasted.
size_t size_class(size_t bytes);

/// Memory that was allocated while capturing. Replays use the same addresses, so the blocks stay out of the pool until
/// the graph and all its executables are destroyed. Inside the capture, freed blocks are reused where blocks are cached
/// at all. Takes memory_mutex() itself.
class GraphMemory {
 public:
  GraphMemory();
  ~GraphMemory();
  GraphMemory(const GraphMemory&) = delete;
  GraphMemory& operator=(const GraphMemory&) = delete;

  void* allocate(size_t bytes);
  /// False when `pointer` is not a live allocation of this graph.
  bool free(void* pointer);
  /// Marks a block as free for later allocations of the capture. The caller holds memory_mutex().
  void keep(Allocation* block);

 private:
  std::vector<Allocation*> blocks_;
  std::map<size_t, std::vector<Allocation*>> unused_;  // by capacity
  uint64_t generation_;
};

}  // namespace softgpu
