#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "arena.h"
#include "backing.h"
#include "check/check.h"
#include "leak.h"
#include "pool.h"
#include "stream.h"

/// The map of allocations, and the calls that allocate and free memory.

namespace softgpu {
namespace {

[[gnu::used]] const int* const kLinkLeakCheck = &leak_check_anchor;

/// Parses a size such as "512M" into bytes. False when the text is not a size.
bool parse_size(const std::string& text, size_t& bytes) {
  if (text.empty() || text[0] < '0' || text[0] > '9') return false;
  char* end = nullptr;
  const unsigned long long number = std::strtoull(text.c_str(), &end, 10);
  const std::string suffix = end;
  int shift = 0;
  if (suffix == "K") {
    shift = 10;
  } else if (suffix == "M") {
    shift = 20;
  } else if (suffix == "G") {
    shift = 30;
  } else if (!suffix.empty()) {
    return false;
  }
  bytes = static_cast<size_t>(number) << shift;
  return bytes >> shift == number;
}

}  // namespace

size_t MemoryMap::configured_size() {
  const char* text = std::getenv("SOFTGPU_MEMORY");
  if (text == nullptr) return static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  size_t bytes = 0;
  if (parse_size(text, bytes)) return bytes;
  std::fprintf(stderr,
               "softgpu: SOFTGPU_MEMORY=%s is not a number of bytes with an optional suffix K, M or G; "
               "the device is given no memory\n",
               text);
  return 0;
}

Allocation* MemoryMap::reserve(size_t bytes, size_t capacity, MemoryKind kind) {
  const bool on_device = kind != MemoryKind::host;
  if (capacity < bytes || (on_device && capacity > device_size_ - device_used_)) return nullptr;
  void* const address = allocate_backing(capacity, on_device);
  if (address == nullptr) return nullptr;
  if (on_device) device_used_ += capacity;
  if (on_device && check::active()) check::allocated(address, bytes);
  const Allocation block{static_cast<std::byte*>(address), bytes, capacity, kind, true, nullptr, nullptr};
  return &blocks_.emplace(reinterpret_cast<uintptr_t>(address), block).first->second;
}

void MemoryMap::release(Allocation* allocation) {
  const Allocation block = *allocation;
  const bool on_device = block.kind != MemoryKind::host;
  if (on_device) device_used_ -= block.capacity;
  if (on_device && check::active()) check::freed(block.address, block.bytes);
  blocks_.erase(reinterpret_cast<uintptr_t>(block.address));
  free_backing(block.address, block.capacity, on_device);
  if (!on_device || !has_own_pages()) return;
  constexpr size_t kRemembered = 4096;
  freed_.push_front(block);
  if (freed_.size() > kRemembered) freed_.pop_back();
}

void MemoryMap::release_all_device() {
  for (auto it = blocks_.begin(); it != blocks_.end();) {
    Allocation* const allocation = &it->second;
    ++it;
    if (allocation->kind != MemoryKind::host) release(allocation);
  }
  ++generation_;
}

Allocation* MemoryMap::find_start(const void* pointer) {
  const auto it = blocks_.find(reinterpret_cast<uintptr_t>(pointer));
  return it != blocks_.end() && it->second.live ? &it->second : nullptr;
}

Allocation* MemoryMap::find_containing(const void* pointer) {
  auto it = blocks_.upper_bound(reinterpret_cast<uintptr_t>(pointer));
  if (it == blocks_.begin()) return nullptr;
  Allocation& block = (--it)->second;
  const bool inside = static_cast<const std::byte*>(pointer) < block.address + block.bytes;
  return inside && block.live ? &block : nullptr;
}

Neighbour MemoryMap::neighbour(const void* address) const {
  constexpr size_t kNear = size_t{16} << 30;  // as far as an index of type int reaches in an array of doubles
  const auto nearer = [](const Neighbour& a, const Neighbour& b) { return a.distance < b.distance; };
  const auto* const at = static_cast<const std::byte*>(address);
  const auto note = [&](Neighbour::Where where, const Allocation& block, const std::byte* from) {
    return Neighbour{where, block.bytes, static_cast<size_t>(at > from ? at - from : from - at), block.site};
  };
  for (const Allocation& block : freed_) {
    if (block.address <= at && at < block.address + block.bytes) return note(Neighbour::freed, block, block.address);
  }
  Neighbour nearest{.distance = kNear};
  const auto next = blocks_.upper_bound(reinterpret_cast<uintptr_t>(at));
  if (next != blocks_.begin() && std::prev(next)->second.kind != MemoryKind::host) {
    const Allocation& block = std::prev(next)->second;
    const std::byte* const end = block.address + block.bytes;
    if (at < end) return note(Neighbour::inside, block, block.address);
    nearest = std::min(nearest, note(Neighbour::beyond, block, end), nearer);
  }
  if (next != blocks_.end() && next->second.kind != MemoryKind::host) {
    nearest = std::min(nearest, note(Neighbour::before, next->second, next->second.address), nearer);
  }
  return nearest;
}

bool MemoryMap::open_pages(const void* address) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  // An allocation ends at the end of a page, so on the page of the address only its start may lie behind the address.
  auto it = blocks_.upper_bound(at | (kPage - 1));
  if (it == blocks_.begin()) return false;
  Allocation& block = (--it)->second;
  if (block.kind == MemoryKind::host || !arena_pages_contain(block.address, block.capacity, address)) return false;
  if (block.open) return true;  // another thread has opened it
  arena_protect(block.address, block.capacity, PROT_READ | PROT_WRITE);
  block.open = true;
  opened_.push_back(block.address);
  return true;
}

std::vector<const void*> MemoryMap::close_pages() {
  for (const void* address : opened_) {
    const auto it = blocks_.find(reinterpret_cast<uintptr_t>(address));
    if (it == blocks_.end()) continue;  // it has been freed in the meantime
    arena_protect(it->second.address, it->second.capacity, PROT_NONE);
    it->second.open = false;
  }
  return std::exchange(opened_, {});
}

std::mutex& memory_mutex() {
  static std::mutex mutex;
  return mutex;
}

MemoryMap& memory_map() {
  // Never destroyed: graphs that outlive main() still return their memory.
  static MemoryMap& map = *new MemoryMap;
  return map;
}

namespace {

Allocation* reserve_device(size_t bytes) {
  std::lock_guard lock(memory_mutex());
  return default_pool().reserve_trimming(bytes, bytes, MemoryKind::device);
}

cudaError_t allocate_device(void** pointer, size_t bytes, const void* site) {
  if (pointer == nullptr) return cudaErrorInvalidValue;
  *pointer = nullptr;
  if (const cudaError_t error = check_unsafe_call(); error != cudaSuccess) return error;
  if (bytes == 0) return cudaSuccess;
  Allocation* block = reserve_device(bytes);
  if (block == nullptr && finish_queued_frees()) block = reserve_device(bytes);
  if (block == nullptr) return cudaErrorMemoryAllocation;
  block->site = site;
  *pointer = block->address;
  return cudaSuccess;
}

cudaError_t allocate_host(void** pointer, size_t bytes) {
  if (pointer == nullptr) return cudaErrorInvalidValue;
  *pointer = nullptr;
  if (const cudaError_t error = check_unsafe_call(); error != cudaSuccess) return error;
  if (bytes == 0) return cudaSuccess;
  std::lock_guard lock(memory_mutex());
  const Allocation* block = memory_map().reserve(bytes, bytes, MemoryKind::host);
  if (block == nullptr) return cudaErrorMemoryAllocation;
  *pointer = block->address;
  return cudaSuccess;
}

/// cudaFree waits until the device is idle. Memory of the pool is an exception: it is assumed to be out of use already.
cudaError_t wait_before_free(void* pointer) {
  {
    std::lock_guard lock(memory_mutex());
    const Allocation* const block = memory_map().find_start(pointer);
    if (block == nullptr || block->kind == MemoryKind::pooled) return cudaSuccess;
  }
  std::lock_guard lock(device_mutex());
  return synchronise(Seen(everything()));
}

cudaError_t free_block(void* pointer, bool host) {
  if (pointer == nullptr) return cudaSuccess;
  if (const cudaError_t error = check_unsafe_call(); error != cudaSuccess) return error;
  if (orders_kept()) {
    if (const cudaError_t error = wait_before_free(pointer); error != cudaSuccess) return error;
  }
  std::scoped_lock lock(device_mutex(), memory_mutex());
  Allocation* block = memory_map().find_start(pointer);
  if (block == nullptr || host != (block->kind == MemoryKind::host)) return cudaErrorInvalidValue;
  default_pool().give_back(block);
  return cudaSuccess;
}

}  // namespace
}  // namespace softgpu

using softgpu::api;

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  return api([&, site = __builtin_return_address(0)] { return softgpu::allocate_device(pointer, bytes, site); });
}

cudaError_t cudaFree(void* pointer) {
  return api([&] { return softgpu::free_block(pointer, false); });
}

cudaError_t cudaMallocHost(void** pointer, size_t bytes) {
  return api([&] { return softgpu::allocate_host(pointer, bytes); });
}

cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned int flags) {
  return api([&] {
    constexpr unsigned int kKnownFlags = cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined;
    return (flags & ~kKnownFlags) != 0 ? cudaErrorInvalidValue : softgpu::allocate_host(pointer, bytes);
  });
}

cudaError_t cudaFreeHost(void* pointer) {
  return api([&] { return softgpu::free_block(pointer, true); });
}

cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total_bytes) {
  return api([&] {
    if (free_bytes == nullptr || total_bytes == nullptr) return cudaErrorInvalidValue;
    std::lock_guard lock(softgpu::memory_mutex());
    *total_bytes = softgpu::memory_map().device_size();
    *free_bytes = *total_bytes - softgpu::memory_map().device_used();
    return cudaSuccess;
  });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  return api([&] {
    if (attributes == nullptr) return cudaErrorInvalidValue;
    std::lock_guard lock(softgpu::memory_mutex());
    const softgpu::Allocation* block = softgpu::memory_map().find_containing(pointer);
    void* const address = const_cast<void*>(pointer);
    if (block == nullptr) {
      *attributes = {cudaMemoryTypeUnregistered, -2, nullptr, address};
    } else if (block->kind == softgpu::MemoryKind::host) {
      *attributes = {cudaMemoryTypeHost, 0, address, address};
    } else {
      *attributes = {cudaMemoryTypeDevice, 0, address, nullptr};
    }
    return cudaSuccess;
  });
}
