#include "pool.h"

#include <algorithm>
#include <bit>

#include "backing.h"
#include "check/check.h"
#include "stream.h"

using softgpu::Allocation;
using softgpu::memory_map;
using softgpu::memory_mutex;
using softgpu::MemoryKind;

namespace softgpu {
namespace {

/// Takes a block of this size class from a cache; null when there is none.
Allocation* pop(std::map<size_t, std::vector<Allocation*>>& cache, size_t capacity, size_t bytes) {
  const auto entry = cache.find(capacity);
  if (entry == cache.end() || entry->second.empty()) return nullptr;
  Allocation* const block = entry->second.back();
  entry->second.pop_back();
  block->bytes = bytes;
  block->live = true;
  return block;
}

}  // namespace

size_t size_class(size_t bytes) {
  constexpr size_t kSmallest = 512;
  const size_t step = std::max(kSmallest, std::bit_floor(bytes) / 8);
  const size_t rounded = (bytes + step - 1) / step * step;
  return rounded < bytes ? bytes : rounded;
}

CUmemPoolHandle_st& default_pool() {
  static CUmemPoolHandle_st& pool = *new CUmemPoolHandle_st;  // outlives static objects that free memory
  return pool;
}

GraphMemory::GraphMemory() {
  std::lock_guard lock(memory_mutex());
  generation_ = memory_map().generation();
}

GraphMemory::~GraphMemory() {
  std::lock_guard lock(memory_mutex());
  if (generation_ != memory_map().generation()) return;
  for (Allocation* block : blocks_) default_pool().recycle(block);
}

void* GraphMemory::allocate(size_t bytes) {
  std::lock_guard lock(memory_mutex());
  Allocation* block = caches_memory() ? pop(unused_, size_class(bytes), bytes) : nullptr;
  if (block == nullptr) {
    block = default_pool().take(bytes);
    if (block == nullptr) return nullptr;
    block->graph = this;
    blocks_.push_back(block);
  }
  return block->address;
}

bool GraphMemory::free(void* pointer) {
  std::lock_guard lock(memory_mutex());
  Allocation* const block = memory_map().find_start(pointer);
  if (block == nullptr || block->graph != this) return false;
  keep(block);
  return true;
}

void GraphMemory::keep(Allocation* block) {
  block->live = false;
  unused_[block->capacity].push_back(block);
}

}  // namespace softgpu

Allocation* CUmemPoolHandle_st::take(size_t bytes) {
  const size_t capacity = softgpu::caches_memory() ? softgpu::size_class(bytes) : bytes;
  Allocation* block = softgpu::pop(cache_, capacity, bytes);
  if (block == nullptr) {
    block = reserve_trimming(bytes, capacity, MemoryKind::pooled);
    if (block == nullptr) return nullptr;
    reserved_ += capacity;
    reserved_high_ = std::max(reserved_high_, reserved_);
  }
  used_ += capacity;
  used_high_ = std::max(used_high_, used_);
  return block;
}

void CUmemPoolHandle_st::give_back(Allocation* block) {
  if (block->graph != nullptr) {
    block->graph->keep(block);
  } else if (block->kind == MemoryKind::pooled) {
    recycle(block);
  } else {
    memory_map().release(block);
  }
}

void CUmemPoolHandle_st::recycle(Allocation* block) {
  block->live = false;
  block->graph = nullptr;
  used_ -= block->capacity;
  if (softgpu::caches_memory()) {
    cache_[block->capacity].push_back(block);
  } else {
    reserved_ -= block->capacity;
    memory_map().release(block);
  }
}

Allocation* CUmemPoolHandle_st::reserve_trimming(size_t bytes, size_t capacity, MemoryKind kind) {
  if (Allocation* block = memory_map().reserve(bytes, capacity, kind)) return block;
  trim(0);
  return memory_map().reserve(bytes, capacity, kind);
}

void CUmemPoolHandle_st::trim(size_t bytes_to_keep) {
  while (reserved_ > bytes_to_keep && !cache_.empty()) {
    const auto largest = std::prev(cache_.end());
    std::vector<Allocation*>& blocks = largest->second;
    if (blocks.empty()) {
      cache_.erase(largest);
      continue;
    }
    reserved_ -= blocks.back()->capacity;
    memory_map().release(blocks.back());
    blocks.pop_back();
  }
}

void CUmemPoolHandle_st::release_above_threshold() {
  std::lock_guard lock(memory_mutex());
  trim(release_threshold_);
}

void CUmemPoolHandle_st::reset() { *this = CUmemPoolHandle_st{}; }

cudaError_t CUmemPoolHandle_st::get(cudaMemPoolAttr attribute, void* value) const {
  switch (attribute) {
    case cudaMemPoolReuseFollowEventDependencies:
    case cudaMemPoolReuseAllowOpportunistic:
    case cudaMemPoolReuseAllowInternalDependencies:
      *static_cast<int*>(value) = reuse_policies_[attribute - cudaMemPoolReuseFollowEventDependencies];
      return cudaSuccess;
    case cudaMemPoolAttrReleaseThreshold:
      *static_cast<uint64_t*>(value) = release_threshold_;
      return cudaSuccess;
    case cudaMemPoolAttrReservedMemCurrent:
      *static_cast<uint64_t*>(value) = reserved_;
      return cudaSuccess;
    case cudaMemPoolAttrReservedMemHigh:
      *static_cast<uint64_t*>(value) = reserved_high_;
      return cudaSuccess;
    case cudaMemPoolAttrUsedMemCurrent:
      *static_cast<uint64_t*>(value) = used_;
      return cudaSuccess;
    case cudaMemPoolAttrUsedMemHigh:
      *static_cast<uint64_t*>(value) = used_high_;
      return cudaSuccess;
  }
  return cudaErrorInvalidValue;
}

cudaError_t CUmemPoolHandle_st::set(cudaMemPoolAttr attribute, void* value) {
  switch (attribute) {
    case cudaMemPoolReuseFollowEventDependencies:
    case cudaMemPoolReuseAllowOpportunistic:
    case cudaMemPoolReuseAllowInternalDependencies:
      reuse_policies_[attribute - cudaMemPoolReuseFollowEventDependencies] = *static_cast<int*>(value);
      return cudaSuccess;
    case cudaMemPoolAttrReleaseThreshold:
      release_threshold_ = *static_cast<uint64_t*>(value);
      return cudaSuccess;
    case cudaMemPoolAttrReservedMemHigh:  // high-water marks can only be reset
      if (*static_cast<uint64_t*>(value) != 0) return cudaErrorInvalidValue;
      reserved_high_ = reserved_;
      return cudaSuccess;
    case cudaMemPoolAttrUsedMemHigh:
      if (*static_cast<uint64_t*>(value) != 0) return cudaErrorInvalidValue;
      used_high_ = used_;
      return cudaSuccess;
    case cudaMemPoolAttrReservedMemCurrent:
    case cudaMemPoolAttrUsedMemCurrent:
      return cudaErrorInvalidValue;
  }
  return cudaErrorInvalidValue;
}

namespace softgpu {
namespace {

cudaError_t default_pool_of(cudaMemPool_t* pool, int device) {
  if (pool == nullptr) return cudaErrorInvalidValue;
  if (device != 0) return cudaErrorInvalidDevice;
  *pool = &default_pool();
  return cudaSuccess;
}

/// For instrumented code: marks the memory as undefined at every launch of the graph, and as freed at the end.
std::function<void()> note_allocated(void* pointer, size_t bytes) {
  if (!check::active()) return nullptr;
  return [=] { check::allocated(pointer, bytes); };
}
std::function<void()> note_freed(void* pointer, size_t bytes) {
  if (!check::active()) return nullptr;
  return [=] { check::freed(pointer, bytes); };
}

Allocation* take(size_t bytes) {
  std::lock_guard lock(memory_mutex());
  return default_pool().take(bytes);
}

cudaError_t malloc_async(void** pointer, size_t bytes, cudaStream_t handle, const void* site) {
  if (pointer == nullptr) return cudaErrorInvalidValue;
  *pointer = nullptr;
  CUstream_st* stream = nullptr;
  if (const cudaError_t error = open_stream(handle, stream); error != cudaSuccess) return error;
  if (bytes == 0) return cudaSuccess;
  if (stream->capture != nullptr) {
    *pointer = stream->capture->graph.memory->allocate(bytes);
    if (*pointer == nullptr) return cudaErrorMemoryAllocation;
    stream->capture->add(stream->tips, cudaGraphNodeTypeMemAlloc, note_allocated(*pointer, bytes));
    return cudaSuccess;
  }
  Allocation* block = take(bytes);
  if (block == nullptr && finish_queued_frees()) block = take(bytes);
  if (block == nullptr) return cudaErrorMemoryAllocation;
  block->site = site;
  *pointer = block->address;
  return cudaSuccess;
}

cudaError_t free_captured(void* pointer, CUstream_st* stream) {
  size_t bytes = 0;
  {
    std::lock_guard lock(memory_mutex());
    const Allocation* const block = memory_map().find_start(pointer);
    if (block != nullptr) bytes = block->bytes;
  }
  if (!stream->capture->graph.memory->free(pointer)) return cudaErrorInvalidValue;
  stream->capture->add(stream->tips, cudaGraphNodeTypeMemFree, note_freed(pointer, bytes));
  return cudaSuccess;
}

/// Frees memory as an operation of the stream: other streams must not use the memory without waiting for it.
cudaError_t free_in_order(void* pointer, CUstream_st* stream) {
  constexpr uint64_t kMostQueued = uint64_t{256} << 20;
  Allocation* block = nullptr;
  bool too_many = false;
  {
    std::lock_guard lock(memory_mutex());
    block = memory_map().find_start(pointer);
    if (block == nullptr || block->kind == MemoryKind::host) return cudaErrorInvalidValue;
    block->live = false;
    default_pool().queued += block->capacity;
    too_many = default_pool().queued > kMostQueued;
  }
  const cudaError_t error = submit_ordered(*stream,
                                           [block] {
                                             std::lock_guard lock(memory_mutex());
                                             default_pool().queued -= block->capacity;
                                             default_pool().give_back(block);
                                           },
                                           {.call = "cudaFreeAsync"});
  if (error == cudaSuccess && too_many) finish_queued_frees();
  return error;
}

cudaError_t free_async(void* pointer, cudaStream_t handle) {
  CUstream_st* stream = nullptr;
  if (const cudaError_t error = open_stream(handle, stream); error != cudaSuccess) return error;
  if (stream->capture != nullptr) {
    return free_captured(pointer, stream);
  }
  if (orders_kept()) return free_in_order(pointer, stream);
  // Taking the lock waits for the device: another host thread may be running work that uses the block.
  std::scoped_lock lock(device_mutex(), memory_mutex());
  Allocation* const block = memory_map().find_start(pointer);
  if (block == nullptr || block->kind == MemoryKind::host) return cudaErrorInvalidValue;
  default_pool().give_back(block);
  return cudaSuccess;
}

}  // namespace

bool finish_queued_frees() {
  std::lock_guard device_lock(device_mutex());
  {
    std::lock_guard lock(memory_mutex());
    if (default_pool().queued == 0) return false;
  }
  run_until(Seen(everything()));
  return true;
}

}  // namespace softgpu

using softgpu::api;

cudaError_t cudaMallocAsync(void** pointer, size_t bytes, cudaStream_t stream) {
  return api([&, site = __builtin_return_address(0)] { return softgpu::malloc_async(pointer, bytes, stream, site); });
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  return api([&] { return softgpu::free_async(pointer, stream); });
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  return api([&] { return softgpu::default_pool_of(pool, device); });
}

cudaError_t cudaDeviceGetMemPool(cudaMemPool_t* pool, int device) {
  return api([&] { return softgpu::default_pool_of(pool, device); });
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  return api([&] {
    if (pool != &softgpu::default_pool() || value == nullptr) return cudaErrorInvalidValue;
    std::lock_guard lock(memory_mutex());
    return pool->get(attribute, value);
  });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  return api([&] {
    if (pool != &softgpu::default_pool() || value == nullptr) return cudaErrorInvalidValue;
    std::lock_guard lock(memory_mutex());
    return pool->set(attribute, value);
  });
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t bytes_to_keep) {
  return api([&] {
    if (pool != &softgpu::default_pool()) return cudaErrorInvalidValue;
    std::lock_guard lock(memory_mutex());
    pool->trim(bytes_to_keep);
    return cudaSuccess;
  });
}
