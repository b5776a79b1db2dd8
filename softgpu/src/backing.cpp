#include "backing.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "arena.h"
#include "check/check.h"
#include "fault_handler.h"
#include "strict.h"
#include "threads/address_sanitizer.h"

namespace softgpu {
namespace {

constexpr size_t kAlignment = 512;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kMostFilled = size_t{1} << 30;  // a program may ask for all there is and use little

void* allocate_heap(size_t bytes) {
  const bool huge = bytes >= 2 * kHugePage && caches_memory();
  void* address = nullptr;
  if (posix_memalign(&address, huge ? kHugePage : kAlignment, bytes) != 0) return nullptr;
  if (huge) madvise(address, bytes, MADV_HUGEPAGE);
  return address;
}

void* allocate_in_arena(size_t bytes) {
  void* const address = arena_allocate(bytes);
  if (address == nullptr) return nullptr;
  std::memset(address, 0xff, std::min(bytes, kMostFilled));
  if (!strict()) return address;
  install_fault_handler();
  arena_protect(address, bytes, PROT_NONE);
  return address;
}

/// Pinned memory between two guard pages.
size_t pinned_span(size_t bytes) { return (bytes + kPage - 1) / kPage * kPage + 2 * kPage; }

void* allocate_pinned(size_t bytes) {
  if (bytes > SIZE_MAX / 2) return nullptr;
  install_fault_handler();
  void* const base = mmap(nullptr, pinned_span(bytes), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  std::byte* const address = static_cast<std::byte*>(base) + kPage;
  if (mprotect(address, pinned_span(bytes) - 2 * kPage, PROT_READ | PROT_WRITE) == 0) return address;
  munmap(base, pinned_span(bytes));
  return nullptr;
}

}  // namespace

bool has_own_pages() {
  static const bool own = strict() || check::active();
  return own;
}

bool caches_memory() {
  static const bool caches = !has_own_pages() && !has_address_sanitizer();
  return caches;
}

void* allocate_backing(size_t bytes, bool on_device) {
  if (on_device && has_own_pages()) return allocate_in_arena(bytes);
  return strict() ? allocate_pinned(bytes) : allocate_heap(bytes);
}

void free_backing(void* address, size_t bytes, bool on_device) {
  if (on_device && has_own_pages()) {
    arena_free(address, bytes);
  } else if (strict()) {
    munmap(static_cast<std::byte*>(address) - kPage, pinned_span(bytes));
  } else {
    std::free(address);
  }
}

}  // namespace softgpu
