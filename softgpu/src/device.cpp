#include "device.h"

#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>

#include "cuda_runtime.h"
#include "pool.h"
#include "stream.h"

/// Properties and attributes of the device, and the calls that concern the device as a whole.

namespace softgpu {
namespace {

int cache_bytes() { return static_cast<int>(std::max(0L, sysconf(_SC_LEVEL2_CACHE_SIZE))); }

cudaDeviceProp describe() {
  cudaDeviceProp p{};
  std::snprintf(p.name, sizeof(p.name), "softgpu (CPU, %d threads)", multiprocessor_count());
  p.totalGlobalMem = memory_map().device_size();
  p.sharedMemPerBlock = kSharedPerBlock;
  p.regsPerBlock = p.regsPerMultiprocessor = kRegistersPerBlock;
  p.warpSize = warpSize;
  p.memPitch = std::numeric_limits<int>::max();
  p.maxThreadsPerBlock = kMaxThreadsPerBlock;
  std::copy_n(kMaxBlockDim, 3, p.maxThreadsDim);
  std::copy_n(kMaxGridDim, 3, p.maxGridSize);
  p.totalConstMem = 64 << 10;
  p.major = kComputeMajor;
  p.minor = kComputeMinor;
  p.multiProcessorCount = multiprocessor_count();
  p.integrated = p.canMapHostMemory = p.unifiedAddressing = 1;
  p.l2CacheSize = cache_bytes();
  p.maxThreadsPerMultiProcessor = kMaxThreadsPerMultiprocessor;
  p.streamPrioritiesSupported = 1;
  p.sharedMemPerMultiprocessor = kSharedPerMultiprocessor;
  p.sharedMemPerBlockOptin = kSharedPerBlockOptin;
  p.maxBlocksPerMultiProcessor = kMaxBlocksPerMultiprocessor;
  p.reservedSharedMemPerBlock = kReservedSharedPerBlock;
  p.memoryPoolsSupported = 1;
  return p;
}

cudaError_t attribute_value(cudaDeviceAttr attribute, int& value) {
  const cudaDeviceProp p = describe();
  switch (attribute) {
    // clang-format off
    case cudaDevAttrMaxThreadsPerBlock: value = p.maxThreadsPerBlock; return cudaSuccess;
    case cudaDevAttrMaxBlockDimX: value = p.maxThreadsDim[0]; return cudaSuccess;
    case cudaDevAttrMaxBlockDimY: value = p.maxThreadsDim[1]; return cudaSuccess;
    case cudaDevAttrMaxBlockDimZ: value = p.maxThreadsDim[2]; return cudaSuccess;
    case cudaDevAttrMaxGridDimX: value = p.maxGridSize[0]; return cudaSuccess;
    case cudaDevAttrMaxGridDimY: value = p.maxGridSize[1]; return cudaSuccess;
    case cudaDevAttrMaxGridDimZ: value = p.maxGridSize[2]; return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlock: value = static_cast<int>(p.sharedMemPerBlock); return cudaSuccess;
    case cudaDevAttrTotalConstantMemory: value = static_cast<int>(p.totalConstMem); return cudaSuccess;
    case cudaDevAttrWarpSize: value = p.warpSize; return cudaSuccess;
    case cudaDevAttrMaxPitch: value = static_cast<int>(p.memPitch); return cudaSuccess;
    case cudaDevAttrMaxRegistersPerBlock: value = p.regsPerBlock; return cudaSuccess;
    case cudaDevAttrMultiProcessorCount: value = p.multiProcessorCount; return cudaSuccess;
    case cudaDevAttrIntegrated: value = p.integrated; return cudaSuccess;
    case cudaDevAttrCanMapHostMemory: value = p.canMapHostMemory; return cudaSuccess;
    case cudaDevAttrConcurrentKernels: value = p.concurrentKernels; return cudaSuccess;
    case cudaDevAttrL2CacheSize: value = p.l2CacheSize; return cudaSuccess;
    case cudaDevAttrMaxThreadsPerMultiProcessor: value = p.maxThreadsPerMultiProcessor; return cudaSuccess;
    case cudaDevAttrAsyncEngineCount: value = p.asyncEngineCount; return cudaSuccess;
    case cudaDevAttrUnifiedAddressing: value = p.unifiedAddressing; return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor: value = p.major; return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor: value = p.minor; return cudaSuccess;
    case cudaDevAttrStreamPrioritiesSupported: value = p.streamPrioritiesSupported; return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      value = static_cast<int>(p.sharedMemPerMultiprocessor); return cudaSuccess;
    case cudaDevAttrMaxRegistersPerMultiprocessor: value = p.regsPerMultiprocessor; return cudaSuccess;
    case cudaDevAttrManagedMemory: value = p.managedMemory; return cudaSuccess;
    case cudaDevAttrCooperativeLaunch: value = p.cooperativeLaunch; return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: value = static_cast<int>(p.sharedMemPerBlockOptin); return cudaSuccess;
    case cudaDevAttrMaxBlocksPerMultiprocessor: value = p.maxBlocksPerMultiProcessor; return cudaSuccess;
    case cudaDevAttrReservedSharedMemoryPerBlock:
      value = static_cast<int>(p.reservedSharedMemPerBlock); return cudaSuccess;
    case cudaDevAttrMemoryPoolsSupported: value = p.memoryPoolsSupported; return cudaSuccess;
    case cudaDevAttrClusterLaunch: value = 0; return cudaSuccess;
      // clang-format on
  }
  return cudaErrorInvalidValue;
}

cudaError_t write_version(int* version) {
  if (version == nullptr) return cudaErrorInvalidValue;
  *version = CUDART_VERSION;
  return cudaSuccess;
}

}  // namespace

int multiprocessor_count() { return omp_get_max_threads(); }

}  // namespace softgpu

using softgpu::api;

cudaError_t cudaGetDeviceCount(int* count) {
  return api([&] {
    if (count == nullptr) return cudaErrorInvalidValue;
    *count = 1;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDevice(int* device) {
  return api([&] {
    if (device == nullptr) return cudaErrorInvalidValue;
    *device = 0;
    return cudaSuccess;
  });
}

cudaError_t cudaSetDevice(int device) {
  return api([&] { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return api([&] {
    if (properties == nullptr) return cudaErrorInvalidValue;
    if (device != 0) return cudaErrorInvalidDevice;
    *properties = softgpu::describe();
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  return api([&] {
    if (value == nullptr) return cudaErrorInvalidValue;
    if (device != 0) return cudaErrorInvalidDevice;
    return softgpu::attribute_value(attribute, *value);
  });
}

cudaError_t cudaDriverGetVersion(int* version) {
  return api([&] { return softgpu::write_version(version); });
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  return api([&] { return softgpu::write_version(version); });
}

cudaError_t cudaDeviceReset() {
  softgpu::abandon_captures();  // frees memory, so it must not be called with the memory's lock held
  std::lock_guard device_lock(softgpu::device_mutex());
  if (softgpu::orders_kept()) {
    softgpu::drop_pending();
    softgpu::host_waits(softgpu::everything());
  }
  std::lock_guard lock(softgpu::memory_mutex());
  softgpu::streams().destroy_all();
  softgpu::events().destroy_all();
  softgpu::default_pool().reset();
  softgpu::memory_map().release_all_device();
  softgpu::clear_errors();
  return cudaSuccess;
}
