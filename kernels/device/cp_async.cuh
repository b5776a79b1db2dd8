#pragma once

#ifdef SOFTGPU
#include <cuda_pipeline_primitives.h>
#endif

#include "kernels/types.h"

/// Copies from global to shared memory that run while the thread goes on.
///
/// cp_async_16, _8 and _4 copy so many bytes, the first `source_bytes` from `from`, which are all that is read, and
/// zeros for the rest; both addresses are multiples of the size. cp_async_commit ends a group of the thread's copies;
/// cp_async_wait_group<n> waits for all of the thread's groups but the n latest, cp_async_wait_all for every copy. What
/// other threads copied is there after their wait and a barrier. A thread may end with copies under way.
namespace cucurbit {

#ifdef SOFTGPU

using softgpu::cp_async_16;
using softgpu::cp_async_4;
using softgpu::cp_async_8;
using softgpu::cp_async_commit;
using softgpu::cp_async_wait_all;
using softgpu::cp_async_wait_group;

#else

__device__ __forceinline__ void cp_async_16(void* to, const void* from, int source_bytes = 16) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(uint32_t(__cvta_generic_to_shared(to))),
               "l"(__cvta_generic_to_global(from)), "r"(source_bytes)
               : "memory");
}
__device__ __forceinline__ void cp_async_8(void* to, const void* from, int source_bytes = 8) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(uint32_t(__cvta_generic_to_shared(to))),
               "l"(__cvta_generic_to_global(from)), "r"(source_bytes)
               : "memory");
}
__device__ __forceinline__ void cp_async_4(void* to, const void* from, int source_bytes = 4) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(uint32_t(__cvta_generic_to_shared(to))),
               "l"(__cvta_generic_to_global(from)), "r"(source_bytes)
               : "memory");
}

__device__ __forceinline__ void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

template <int kRecent>
__device__ __forceinline__ void cp_async_wait_group() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kRecent) : "memory");
}

__device__ __forceinline__ void cp_async_wait_all() { asm volatile("cp.async.wait_all;" ::: "memory"); }

#endif

}  // namespace cucurbit
