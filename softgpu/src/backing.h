#pragma once

#include <cstddef>

/// Where the bytes of allocations come from.
///
/// Normally the heap, on huge pages from 4 MiB up. Under AddressSanitizer the heap too, but exactly the bytes asked
/// for, so that its red zone follows at once. In strict mode and in instrumented builds pages of their own: device
/// memory in the arena, the first GiB of its contents 0xff (not a number in every float type, as memory that nothing
/// wrote should be); pinned memory, in strict mode, elsewhere.

namespace softgpu {

/// Whether freed memory may be handed out again from a cache, and sizes be rounded up: only where nothing is checked.
bool caches_memory();
/// Whether device memory has pages of its own.
bool has_own_pages();

/// Aligned to 512 bytes at least; null when there is no more.
void* allocate_backing(size_t bytes, bool on_device);
void free_backing(void* address, size_t bytes, bool on_device);

}  // namespace softgpu
