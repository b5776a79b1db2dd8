#pragma once

#include <new>

#include "cuda_runtime_api.h"

namespace softgpu {

/// Stores a failure as the calling thread's last error, and returns `error`.
cudaError_t report(cudaError_t error);

/// The sticky error of a device that has failed, or cudaSuccess.
cudaError_t device_failure();
void set_device_failure(cudaError_t error);
void clear_errors();

/// The error that every API call of this thread returns before it does anything: that of a failed device, or
/// cudaErrorNotPermitted inside a host function of a stream.
cudaError_t entry_error();

/// Marks the calling thread as running a host function of a stream.
class HostFunctionScope {
 public:
  HostFunctionScope();
  ~HostFunctionScope();
  HostFunctionScope(const HostFunctionScope&) = delete;
  HostFunctionScope& operator=(const HostFunctionScope&) = delete;
};

/// Thrown to end a launch that a checker has reported, with the sticky error that CUDA would return for it.
struct LaunchFailure {
  cudaError_t error;
};

/// Maps the exception being handled to an error code. Anything but std::bad_alloc makes the device fail until it is
/// reset.
cudaError_t error_from_work();

/// Wraps the body of every API function: refuses the call when the device has failed, turns exceptions into error
/// codes, and records the last error.
template <class Body>
cudaError_t api(Body body) {
  if (const cudaError_t refused = entry_error(); refused != cudaSuccess) return report(refused);
  try {
    const cudaError_t result = body();
    return result == cudaSuccess ? result : report(result);
  } catch (const std::bad_alloc&) {
    return report(cudaErrorMemoryAllocation);
  } catch (...) {
    return report(cudaErrorUnknown);
  }
}

/// Runs device work and turns an exception into an error code.
template <class Work>
cudaError_t run_guarded(Work&& work) {
  try {
    work();
    return cudaSuccess;
  } catch (...) {
    return error_from_work();
  }
}

}  // namespace softgpu
