#include "error.h"

#include <atomic>
#include <cstdio>
#include <exception>

/// The last error of a thread, and the sticky error of the device.

namespace softgpu {
namespace {

constinit std::atomic<cudaError_t> failure{cudaSuccess};
constinit thread_local cudaError_t last_error = cudaSuccess;
constinit thread_local bool in_host_function = false;

const char* name_of(cudaError_t error) {
  switch (error) {
#define SOFTGPU_NAME(name, value, text) \
  case name:                            \
    return #name;
    SOFTGPU_ERROR_CODES(SOFTGPU_NAME)
#undef SOFTGPU_NAME
  }
  return "unrecognized error code";
}

const char* text_of(cudaError_t error) {
  switch (error) {
#define SOFTGPU_TEXT(name, value, text) \
  case name:                            \
    return text;
    SOFTGPU_ERROR_CODES(SOFTGPU_TEXT)
#undef SOFTGPU_TEXT
  }
  return "unrecognized error code";
}

}  // namespace

cudaError_t report(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

cudaError_t device_failure() { return failure.load(std::memory_order_relaxed); }

void set_device_failure(cudaError_t error) { failure.store(error, std::memory_order_relaxed); }

void clear_errors() {
  failure.store(cudaSuccess, std::memory_order_relaxed);
  last_error = cudaSuccess;
}

cudaError_t entry_error() { return in_host_function ? cudaErrorNotPermitted : device_failure(); }

HostFunctionScope::HostFunctionScope() { in_host_function = true; }
HostFunctionScope::~HostFunctionScope() { in_host_function = false; }

cudaError_t error_from_work() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return cudaErrorMemoryAllocation;
  } catch (const LaunchFailure& failed) {
    set_device_failure(failed.error);
    return failed.error;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "softgpu: exception in device work: %s\n", error.what());
  } catch (...) {
    std::fprintf(stderr, "softgpu: exception of unknown type in device work\n");
  }
  set_device_failure(cudaErrorLaunchFailure);
  return cudaErrorLaunchFailure;
}

}  // namespace softgpu

const char* cudaGetErrorName(cudaError_t error) { return softgpu::name_of(error); }

const char* cudaGetErrorString(cudaError_t error) { return softgpu::text_of(error); }

cudaError_t cudaPeekAtLastError() {
  const cudaError_t failed = softgpu::device_failure();
  return failed != cudaSuccess ? failed : softgpu::last_error;
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = cudaPeekAtLastError();
  softgpu::last_error = cudaSuccess;
  return error;
}
