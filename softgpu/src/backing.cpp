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

/// Chooses where the bytes of an allocation come from.

namespace softgpu {
namespace {

constexpr size_t kAlignment = 512;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kLeastMapped = size_t{256} << 10;
constexpr size_t kMostFilled = size_t{1} << 30;  // a program may allocate all memory there is and use little of it

/// Whether a block is mapped rather than taken from the heap. Mapped blocks return to the system when they are freed,
/// which malloc does not ensure for blocks of a few megabytes, and use huge pages where they fill several.
bool is_mapped(size_t bytes) { return bytes >= kLeastMapped && caches_memory(); }
size_t page_for(size_t bytes) { return bytes >= 2 * kHugePage ? kHugePage : kPage; }
size_t mapped_span(size_t bytes) { return (bytes + page_for(bytes) - 1) / page_for(bytes) * page_for(bytes); }

void* allocate_mapped(size_t bytes) {
  const size_t span = mapped_span(bytes), page = page_for(bytes);
  void* const base = mmap(nullptr, span + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  const size_t before = (page - reinterpret_cast<uintptr_t>(base) % page) % page;
  std::byte* const address = static_cast<std::byte*>(base) + before;
  if (before > 0) munmap(base, before);
  munmap(address + span, page - before);
  if (page == kHugePage) madvise(address, span, MADV_HUGEPAGE);
  return address;
}

void* allocate_heap(size_t bytes) {
  if (bytes > SIZE_MAX / 2) return nullptr;
  if (is_mapped(bytes)) return allocate_mapped(bytes);
  void* address = nullptr;
  return posix_memalign(&address, kAlignment, bytes) == 0 ? address : nullptr;
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

/// Size of a pinned allocation with its two guard pages.
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
  } else if (is_mapped(bytes)) {
    munmap(address, mapped_span(bytes));
  } else {
    std::free(address);
  }
}

}  // namespace softgpu
