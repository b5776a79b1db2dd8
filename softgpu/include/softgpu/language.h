#pragma once

#include <cstddef>

#include "../vector_types.h"

/// What nvcc adds to C++, for a host compiler: the function and variable qualifiers and the built-in indices.

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
// A block runs on one OS thread from its first instruction to its last, and one after the other: what the block shares
// is what the OS thread owns. AddressSanitizer puts no red zones around thread-local arrays; there, one OS thread runs
// all blocks. constinit: as in CUDA nothing is initialised when a thread comes by; for arrays of classes g++ would keep
// a flag otherwise, and threads would race for it.
#ifdef __SANITIZE_ADDRESS__
#define __shared__ static constinit
#else
#define __shared__ static thread_local constinit
#endif

namespace softgpu {

/// Start of the running block's dynamic shared memory, 128-byte aligned, as many bytes as the launch asked for.
/// Contents are undefined at block start. Valid inside a kernel only.
void* dynamic_shared_memory();

}  // namespace softgpu

// constinit lets every translation unit read these without asking for their initialisation first.
inline constinit thread_local uint3 threadIdx{0, 0, 0};
inline constinit thread_local uint3 blockIdx{0, 0, 0};
inline constinit thread_local dim3 blockDim{};
inline constinit thread_local dim3 gridDim{};
inline constexpr int warpSize = 32;
