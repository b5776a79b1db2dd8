#include "arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>

/// Places allocations in the address range and protects their pages.

namespace softgpu {
namespace {

constexpr size_t kAlignment = 512;
constexpr size_t kLargest = size_t{1} << 40;
constexpr size_t kSmallest = size_t{64} << 30;

size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

/// The pages of an allocation together with its guard page, as offsets in the range.
struct Slot {
  size_t begin, end;
};

struct Arena {
  size_t next = kPage;       // addresses from here on were never used; the first page of the range is a guard page
  std::deque<Slot> retired;  // freed slots, the oldest first
};

Arena& arena() {
  static Arena& state = *new Arena;
  return state;
}

bool reserve_range() {
  for (size_t bytes = kLargest; bytes >= kSmallest; bytes /= 2) {
    void* const base = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) continue;
    arena_begin = reinterpret_cast<uintptr_t>(base);
    arena_bytes = bytes;
    return true;
  }
  return false;
}

Slot slot_of(const void* address, size_t bytes) {
  const size_t begin = (reinterpret_cast<uintptr_t>(address) - arena_begin) / kPage * kPage;
  return {begin, round_up(reinterpret_cast<uintptr_t>(address) - arena_begin + bytes, kPage)};
}

/// Finds fresh addresses or, when there are none left, the freed ones that are large enough and were freed first.
bool find_slot(size_t bytes, Slot& slot) {
  Arena& state = arena();
  if (bytes <= arena_bytes - state.next) {
    slot = {state.next, state.next + bytes};
    state.next += bytes;
    return true;
  }
  const auto found = std::find_if(state.retired.begin(), state.retired.end(),
                                  [&](const Slot& freed) { return freed.end - freed.begin >= bytes; });
  if (found == state.retired.end()) return false;
  slot = {found->begin, found->begin + bytes};
  found->begin += bytes;
  if (found->begin == found->end) state.retired.erase(found);
  return true;
}

}  // namespace

std::byte* arena_base() {
  static const bool reserved = reserve_range();
  return reserved ? reinterpret_cast<std::byte*>(arena_begin) : nullptr;
}

void* arena_allocate(size_t bytes) {
  Slot slot;
  if (arena_base() == nullptr || bytes > arena_bytes / 2) return nullptr;
  const size_t pages = round_up(bytes, kPage);
  if (!find_slot(pages + kPage, slot)) return nullptr;
  std::byte* const begin = arena_base() + slot.begin;
  if (mprotect(begin, pages, PROT_READ | PROT_WRITE) != 0) {
    arena().retired.push_back(slot);
    return nullptr;
  }
  return begin + pages - round_up(bytes, kAlignment);
}

bool arena_pages_contain(const void* allocation, size_t bytes, const void* address) {
  const Slot slot = slot_of(allocation, bytes);
  const size_t offset = reinterpret_cast<uintptr_t>(address) - arena_begin;
  return slot.begin <= offset && offset < slot.end;
}

void arena_free(void* address, size_t bytes) {
  const Slot slot = slot_of(address, bytes);
  // A new mapping drops the contents and sets the protection in one call.
  mmap(arena_base() + slot.begin, slot.end - slot.begin, PROT_NONE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  arena().retired.push_back({slot.begin, slot.end + kPage});
}

void arena_protect(void* address, size_t bytes, int protection) {
  const Slot slot = slot_of(address, bytes);
  if (mprotect(arena_base() + slot.begin, slot.end - slot.begin, protection) == 0) return;
  std::perror("softgpu: cannot protect device memory (the limit vm.max_map_count may be too low)");
  std::abort();
}

}  // namespace softgpu
