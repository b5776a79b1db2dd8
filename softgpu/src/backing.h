#pragma once

#include <cstddef>

/// Where the bytes of allocations come from.
///
/// Normally they come from the heap, on huge pages from 4 MiB up. Under AddressSanitizer they come from the heap too,
/// but in exactly the requested size, so that the red zone begins right behind them. In strict mode and in instrumented
/// builds each allocation of device memory has pages of its own in the arena; its first GiB is filled with 0xff bytes,
/// which is NaN in every float type, as uninitialised memory should be. In strict mode pinned memory has pages of its
/// own too.

namespace softgpu {

/// Whether freed memory may be reused through a cache and sizes may be rounded up: only where no accesses are checked.
bool caches_memory();
/// Whether device memory has pages of its own.
bool has_own_pages();

/// Allocates memory that is aligned to at least 512 bytes; null when there is none left.
void* allocate_backing(size_t bytes, bool on_device);
void free_backing(void* address, size_t bytes, bool on_device);

}  // namespace softgpu
