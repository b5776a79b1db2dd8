#include "engine/runtime/libraries.h"

#include <fmt/format.h>

#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"
#include "kernels/error.h"

namespace cucurbit {

void check_cublas(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const ErrorKind kind = status == CUBLAS_STATUS_ALLOC_FAILED ? ErrorKind::out_of_memory : ErrorKind::bug;
  throw Error(kind,
              fmt::format("[cublas] {}: {}: {}", call, cublasGetStatusName(status), cublasGetStatusString(status)));
}

cublasHandle_t cublas() {
  static const cublasHandle_t handle = [] {
    constexpr size_t kWorkspace = 32 << 20;  // what cuBLAS recommends for Hopper; older devices need less
    cublasHandle_t made{};
    void* workspace = nullptr;
    check_cublas(cublasCreate(&made), "cublasCreate");
    check_cublas(cublasSetStream(made, stream()), "cublasSetStream");
    check_cuda(cudaMalloc(&workspace, kWorkspace), "cublas workspace");
    check_cublas(cublasSetWorkspace(made, workspace, kWorkspace), "cublasSetWorkspace");
    return made;
  }();
  return handle;
}

#if CUCURBIT_HAS_CUDNN
void check_cudnn(cudnnStatus_t status, const char* call) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  const ErrorKind kind = status == CUDNN_STATUS_ALLOC_FAILED ? ErrorKind::out_of_memory : ErrorKind::bug;
  throw Error(kind, fmt::format("[cudnn] {}: {}", call, cudnnGetErrorString(status)));
}

cudnnHandle_t cudnn() {
  static const cudnnHandle_t handle = [] {
    cudnnHandle_t made{};
    check_cudnn(cudnnCreate(&made), "cudnnCreate");
    check_cudnn(cudnnSetStream(made, stream()), "cudnnSetStream");
    return made;
  }();
  return handle;
}
#endif

}  // namespace cucurbit
