#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "cuda_runtime.h"
#include "device.h"
#include "run_grid.h"
#include "stream.h"
#include "threads/address_sanitizer.h"

namespace softgpu {
namespace {

/// The limits of dynamic shared memory that cudaFuncSetAttribute raised above the default, by kernel.
struct SharedLimits {
  std::mutex mutex;
  std::unordered_map<const void*, int> granted;

  int of(const void* kernel) {
    std::lock_guard lock(mutex);
    const auto it = granted.find(kernel);
    return it == granted.end() ? kSharedPerBlock : it->second;
  }
};

SharedLimits& shared_limits() {
  static SharedLimits limits;
  return limits;
}

uint64_t volume(dim3 d) { return uint64_t{d.x} * d.y * d.z; }

bool inside(dim3 d, const int (&limit)[3]) {
  return d.x - 1u < static_cast<unsigned>(limit[0]) && d.y - 1u < static_cast<unsigned>(limit[1]) &&
         d.z - 1u < static_cast<unsigned>(limit[2]);  // a dimension of 0 wraps around to the largest number
}

cudaError_t check_attributes(const cudaLaunchConfig_t& config) {
  for (unsigned int i = 0; i < config.numAttrs; ++i) {
    switch (config.attrs[i].id) {
      case cudaLaunchAttributeIgnore:
      case cudaLaunchAttributeProgrammaticStreamSerialization:  // permits overlap, which softgpu does not make use of
      case cudaLaunchAttributePriority:
      case cudaLaunchAttributeCooperative:
        continue;
    }
    return cudaErrorNotSupported;
  }
  return cudaSuccess;
}

bool is_cooperative(const cudaLaunchConfig_t& config) {
  return std::any_of(config.attrs, config.attrs + config.numAttrs, [](const cudaLaunchAttribute& attribute) {
    return attribute.id == cudaLaunchAttributeCooperative && attribute.val.cooperative != 0;
  });
}

/// A multiprocessor is an OS thread and runs blocks of one thread one after the other, so it holds one of them at a
/// time. For larger blocks the limits are those of the GPU that is modelled.
int blocks_per_multiprocessor(int block_size, size_t shared_bytes) {
  if (block_size == 1) return 1;
  const int warps = (block_size + warpSize - 1) / warpSize;
  const int by_threads = kMaxThreadsPerMultiprocessor / (warps * warpSize);
  const auto by_shared = static_cast<int>(kSharedPerMultiprocessor / (shared_bytes + kReservedSharedPerBlock));
  return std::min({kMaxBlocksPerMultiprocessor, by_threads, by_shared});
}

/// All blocks of a cooperative launch must fit on the device at once. In programs with AddressSanitizer `__shared__`
/// variables exist only once, so that only one block fits.
cudaError_t check_cooperative(const cudaLaunchConfig_t& config) {
  const uint64_t blocks = volume(config.gridDim);
  const auto threads = static_cast<int>(volume(config.blockDim));
  const auto resident = static_cast<uint64_t>(multiprocessor_count()) *
                        static_cast<uint64_t>(blocks_per_multiprocessor(threads, config.dynamicSmemBytes));
  if (blocks > resident) return cudaErrorCooperativeLaunchTooLarge;
  return has_address_sanitizer() && blocks > 1 ? cudaErrorNotSupported : cudaSuccess;
}

cudaError_t check_launch(const cudaLaunchConfig_t& config, const void* kernel) {
  if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
  if (!inside(config.gridDim, kMaxGridDim) || !inside(config.blockDim, kMaxBlockDim) ||
      volume(config.blockDim) > kMaxThreadsPerBlock) {
    return cudaErrorInvalidConfiguration;
  }
  if (config.dynamicSmemBytes > kSharedPerBlock &&
      config.dynamicSmemBytes > static_cast<size_t>(shared_limits().of(kernel))) {
    return cudaErrorInvalidValue;
  }
  if (config.numAttrs != 0) {
    if (const cudaError_t error = check_attributes(config); error != cudaSuccess) return error;
  }
  if (is_cooperative(config)) {
    if (const cudaError_t error = check_cooperative(config); error != cudaSuccess) return error;
  }
  return check_mode(config.blockDim);
}

cudaError_t set_attribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
  switch (attribute) {
    case cudaFuncAttributeMaxDynamicSharedMemorySize: {
      if (value < 0 || value > kSharedPerBlockOptin) return cudaErrorInvalidValue;
      std::lock_guard lock(shared_limits().mutex);
      shared_limits().granted[kernel] = value;
      return cudaSuccess;
    }
    case cudaFuncAttributePreferredSharedMemoryCarveout:  // a hint, in percent; -1 is the default
      return value < -1 || value > 100 ? cudaErrorInvalidValue : cudaSuccess;
  }
  return cudaErrorInvalidValue;
}

}  // namespace

cudaError_t launch(const cudaLaunchConfig_t& config, const KernelCall& call) {
  return api([&, site = __builtin_return_address(0)] {
    if (const cudaError_t error = check_launch(config, call.kernel); error != cudaSuccess) return error;
    Grid grid{config.gridDim, config.blockDim, config.dynamicSmemBytes, call.run_thread,
              call.arguments, call.kernel,     is_cooperative(config)};
    const auto keep = [&] {
      return [grid, arguments = call.keep(call.arguments)]() mutable {
        grid.arguments = arguments.get();
        run_grid(grid);
      };
    };
    return submit(
        config.stream, cudaGraphNodeTypeKernel, [&] { run_grid(grid); }, keep,
        [&] { return submission_of(call, site); });
  });
}

}  // namespace softgpu

using softgpu::api;

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  return api([&] { return softgpu::set_attribute(kernel, attribute, value); });
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* kernel) {
  return api([&] {
    if (attributes == nullptr) return cudaErrorInvalidValue;
    if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
    *attributes = {};
    attributes->maxThreadsPerBlock = softgpu::kMaxThreadsPerBlock;
    attributes->ptxVersion = attributes->binaryVersion = softgpu::kComputeMajor * 10 + softgpu::kComputeMinor;
    attributes->maxDynamicSharedSizeBytes = softgpu::shared_limits().of(kernel);
    attributes->preferredShmemCarveout = -1;
    return cudaSuccess;
  });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* kernel, int block_size,
                                                          size_t dynamic_shared_bytes) {
  return api([&] {
    if (blocks == nullptr || block_size <= 0 || block_size > softgpu::kMaxThreadsPerBlock) return cudaErrorInvalidValue;
    if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
    *blocks = softgpu::blocks_per_multiprocessor(block_size, dynamic_shared_bytes);
    return cudaSuccess;
  });
}
