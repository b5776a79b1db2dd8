#pragma once

#include <cstddef>
#include <cstdint>

/// The arena: a range of addresses reserved for device memory. It is used where accesses are checked, under
/// SOFTGPU_STRICT and in instrumented builds. Each allocation has pages of its own and ends, as closely as its
/// alignment of 512 bytes allows, at a guard page. Addresses are reused only after the whole range has been used once.
///
/// Callers of everything but arena_contains hold memory_mutex().

namespace softgpu {

inline constinit uintptr_t arena_begin = 0;
inline constinit size_t arena_bytes = 0;

/// Whether an address lies in the range, allocated or not. False when there is no range.
inline bool arena_contains(const void* address) {
  return reinterpret_cast<uintptr_t>(address) - arena_begin < arena_bytes;
}

/// Start of the range, which is reserved at the first call; null when the machine cannot reserve even 64 GiB.
std::byte* arena_base();

inline constexpr size_t kPage = 4096;

/// Whether `address` lies in the pages of an allocation.
bool arena_pages_contain(const void* allocation, size_t bytes, const void* address);

/// Allocates zeroed memory that the host may access; null when the range or the machine is full.
void* arena_allocate(size_t bytes);
/// Frees the pages of an allocation. Accesses to them trap from then on.
void arena_free(void* address, size_t bytes);
/// Sets the protection of an allocation: PROT_NONE or PROT_READ | PROT_WRITE.
void arena_protect(void* address, size_t bytes, int protection);

}  // namespace softgpu
