#pragma once

/// CUDA C++ for a host compiler: the language, the runtime API and the launch. It has the name of the toolkit's header
/// and lets a .cu file compile with g++ -x c++. The macro SOFTGPU tells that it is in use.

#include "cuda_runtime_api.h"
#include "library_types.h"
#include "softgpu/atomic_functions.h"
#include "softgpu/device_functions.h"
#include "softgpu/language.h"
#include "softgpu/launch.h"
#include "softgpu/mode.h"
#include "softgpu/warp_functions.h"
#include "vector_functions.h"

// Typed forms of calls that take void** or a type-erased function pointer, inlined so that findings name the caller.

template <class T>
__forceinline__ cudaError_t cudaMalloc(T** pointer, size_t bytes) {
  return cudaMalloc(reinterpret_cast<void**>(pointer), bytes);
}
template <class T>
__forceinline__ cudaError_t cudaMallocAsync(T** pointer, size_t bytes, cudaStream_t stream) {
  return cudaMallocAsync(reinterpret_cast<void**>(pointer), bytes, stream);
}
template <class T>
__forceinline__ cudaError_t cudaMallocHost(T** pointer, size_t bytes, unsigned int flags = 0) {
  return cudaHostAlloc(reinterpret_cast<void**>(pointer), bytes, flags);
}
template <class T>
__forceinline__ cudaError_t cudaHostAlloc(T** pointer, size_t bytes, unsigned int flags) {
  return cudaHostAlloc(reinterpret_cast<void**>(pointer), bytes, flags);
}
inline cudaError_t cudaEventCreate(cudaEvent_t* event, unsigned int flags = cudaEventDefault) {
  return cudaEventCreateWithFlags(event, flags);
}
template <class Kernel>
cudaError_t cudaFuncSetAttribute(Kernel* kernel, cudaFuncAttribute attribute, int value) {
  return cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), attribute, value);
}
template <class Kernel>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, Kernel* kernel) {
  return cudaFuncGetAttributes(attributes, reinterpret_cast<const void*>(kernel));
}
template <class Kernel>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Kernel* kernel, int block_size,
                                                          size_t dynamic_shared_bytes) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, reinterpret_cast<const void*>(kernel), block_size,
                                                       dynamic_shared_bytes);
}
