#pragma once

#include <cstddef>

#include "../vector_types.h"

/// What nvcc adds to C++, for a host compiler: qualifiers of functions and variables, and the built-in indices.

#define SOFTGPU 1

#define __global__
#define __device__
#define __host__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
// Empty rather than an attribute: system headers write __attribute__((__noinline__)), and a macro that expands to an
// attribute would break them.
#define __noinline__
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __constant__
// A block runs on one OS thread from its first instruction to its last, and blocks follow one another there. So shared
// variables are thread-local ones. AddressSanitizer puts no red zones around thread-local arrays, so with it they are
// static, and one OS thread runs all blocks. constinit, because in CUDA shared variables are not initialised: without
// it g++ would guard arrays of classes by a flag, for which threads would race.
#ifdef __SANITIZE_ADDRESS__
#define __shared__ static constinit
#else
#define __shared__ static thread_local constinit
#endif

namespace softgpu {

/// Start of the running block's dynamic shared memory, which is 128-byte aligned and as large as the launch asked for.
/// Its contents are undefined when the block starts. May be called only inside a kernel.
void* dynamic_shared_memory();

}  // namespace softgpu

// With constinit, every translation unit can read these without first checking whether they are initialised.
inline constinit thread_local uint3 threadIdx{0, 0, 0};
inline constinit thread_local uint3 blockIdx{0, 0, 0};
inline constinit thread_local dim3 blockDim{};
inline constinit thread_local dim3 gridDim{};
inline constexpr int warpSize = 32;
