#pragma once

#include <cstddef>
#include <cstdint>

/// A range of addresses of its own for device memory, used where accesses are checked: under SOFTGPU_STRICT and in
/// instrumented builds. Each allocation has its own pages and ends, as nearly as its alignment of 512 bytes allows, at
/// a page that cannot be touched; addresses come back only after the whole range was used once.
///
/// Callers of all but arena_contains hold memory_mutex().

namespace softgpu {

inline constinit uintptr_t arena_begin = 0;
inline constinit size_t arena_bytes = 0;

/// Whether an address lies in the range, in use or not. False when there is no range.
inline bool arena_contains(const void* address) {
  return reinterpret_cast<uintptr_t>(address) - arena_begin < arena_bytes;
}

/// Start of the range, which is reserved at the first call; null when the machine refuses even 64 GiB.
std::byte* arena_base();

inline constexpr size_t kPage = 4096;

/// Whether `address` lies in the pages of an allocation.
bool arena_pages_contain(const void* allocation, size_t bytes, const void* address);

/// Memory that the host may touch, contents zero; null when the range or the machine is full.
void* arena_allocate(size_t bytes);
/// Gives the pages back; touching them traps from here on.
void arena_free(void* address, size_t bytes);
/// Sets what may be done with an allocation: PROT_NONE or PROT_READ | PROT_WRITE.
void arena_protect(void* address, size_t bytes, int protection);

}  // namespace softgpu
