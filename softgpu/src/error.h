#pragma once

#include <new>

#include "cuda_runtime_api.h"

namespace softgpu {

/// Stores a failure as the calling thread's last error; returns `error`.
cudaError_t report(cudaError_t error);

/// The failure that the device does not recover from, or cudaSuccess.
cudaError_t device_failure();
void set_device_failure(cudaError_t error);
void clear_errors();

/// What stops any API call of this thread before it starts: a failed device, or being inside a host function of a
/// stream (cudaErrorNotPermitted).
cudaError_t entry_error();

/// Marks the calling thread as running a host function of a stream.
class HostFunctionScope {
 public:
  HostFunctionScope();
  ~HostFunctionScope();
  HostFunctionScope(const HostFunctionScope&) = delete;
  HostFunctionScope& operator=(const HostFunctionScope&) = delete;
};

/// Ends a launch: the sticky error that CUDA would return for it. What was wrong has been reported.
struct LaunchFailure {
  cudaError_t error;
};

/// Maps the exception being handled to an error code; anything but std::bad_alloc fails the device for good.
cudaError_t error_from_work();

/// Body of every API function: refuses when the device has failed, keeps exceptions in, records the last error.
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

/// Runs device work; an exception becomes an error code and never leaves.
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
