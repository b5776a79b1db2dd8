#pragma once

#include <cstddef>

#include "softgpu/cp_async.h"

/// The toolkit's functions over cp.async.

/// Copies `bytes` bytes (4, 8 or 16), of which the last `zeros` are not read but filled with zeros.
[[gnu::always_inline]] inline void __pipeline_memcpy_async(void* to, const void* from, size_t bytes, size_t zeros = 0,
                                                           softgpu::Site site = softgpu::Site::here()) {
  const int source_bytes = static_cast<int>(bytes - zeros);
  if (bytes == 16) return softgpu::cp_async_16(to, from, source_bytes, site);
  if (bytes == 8) return softgpu::cp_async_8(to, from, source_bytes, site);
  if (bytes == 4) return softgpu::cp_async_4(to, from, source_bytes, site);
  softgpu::misuse("calls __pipeline_memcpy_async with a size that is not 4, 8 or 16", site);
}

[[gnu::always_inline]] inline void __pipeline_commit() { softgpu::cp_async_commit(); }

/// Waits for all groups except the `recent` latest.
[[gnu::always_inline]] inline void __pipeline_wait_prior(size_t recent) {
  softgpu::cp_async_wait_group(static_cast<unsigned>(recent));
}
