#include <cstdint>
#include <new>

#include "cublas_context.h"
#include "cublas_v2.h"

/// Handles, settings and status texts of cuBLAS.

cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  if (handle == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  *handle = new (std::nothrow) cublasContext;
  return *handle == nullptr ? CUBLAS_STATUS_ALLOC_FAILED : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  if (handle == nullptr) return CUBLAS_STATUS_NOT_INITIALIZED;
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetVersion(cublasHandle_t /*handle*/, int* version) {
  if (version == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  *version = CUBLAS_VERSION;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t streamId) {
  if (handle == nullptr) return CUBLAS_STATUS_NOT_INITIALIZED;
  handle->stream = streamId;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetStream(cublasHandle_t handle, cudaStream_t* streamId) {
  if (handle == nullptr) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (streamId == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  *streamId = handle->stream;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
  if (handle == nullptr) return CUBLAS_STATUS_NOT_INITIALIZED;
  const int kind = mode & ~CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
  if (kind < CUBLAS_DEFAULT_MATH || kind > CUBLAS_TF32_TENSOR_OP_MATH) return CUBLAS_STATUS_INVALID_VALUE;
  handle->math_mode = mode;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetMathMode(cublasHandle_t handle, cublasMath_t* mode) {
  if (handle == nullptr) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (mode == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  *mode = handle->math_mode;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* workspace, size_t /*workspaceSizeInBytes*/) {
  if (handle == nullptr) return CUBLAS_STATUS_NOT_INITIALIZED;
  return reinterpret_cast<uintptr_t>(workspace) % 256 == 0 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

// clang-format off
#define SOFTGPU_CUBLAS_STATUSES(X) \
  X(CUBLAS_STATUS_SUCCESS, "success") \
  X(CUBLAS_STATUS_NOT_INITIALIZED, "the handle was not created") \
  X(CUBLAS_STATUS_ALLOC_FAILED, "out of memory") \
  X(CUBLAS_STATUS_INVALID_VALUE, "an argument is out of range") \
  X(CUBLAS_STATUS_ARCH_MISMATCH, "the device lacks a feature") \
  X(CUBLAS_STATUS_MAPPING_ERROR, "memory could not be mapped") \
  X(CUBLAS_STATUS_EXECUTION_FAILED, "the work could not be launched") \
  X(CUBLAS_STATUS_INTERNAL_ERROR, "internal error") \
  X(CUBLAS_STATUS_NOT_SUPPORTED, "this combination of arguments is not supported") \
  X(CUBLAS_STATUS_LICENSE_ERROR, "license error")
// clang-format on

const char* cublasGetStatusName(cublasStatus_t status) {
  switch (status) {
#define SOFTGPU_CASE(name, text) \
  case name:                     \
    return #name;
    SOFTGPU_CUBLAS_STATUSES(SOFTGPU_CASE)
#undef SOFTGPU_CASE
  }
  return "CUBLAS_STATUS_UNKNOWN";
}

const char* cublasGetStatusString(cublasStatus_t status) {
  switch (status) {
#define SOFTGPU_CASE(name, text) \
  case name:                     \
    return text;
    SOFTGPU_CUBLAS_STATUSES(SOFTGPU_CASE)
#undef SOFTGPU_CASE
  }
  return "unknown status";
}
