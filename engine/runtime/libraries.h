#pragma once

#include <cublas_v2.h>

#if CUCURBIT_HAS_CUDNN
#include <cudnn.h>
#endif

/// Handles of the vendor libraries, bound to stream(). They are created at first use, which must not be inside a graph
/// capture, and kept until the program ends: destroying them with other static objects would race with the driver's own
/// shutdown.
namespace cucurbit {

/// The handle has a fixed workspace: otherwise cuBLAS would allocate during captures, and results may depend on the
/// workspace.
cublasHandle_t cublas();

/// Throws Error naming `call` unless `status` is success.
void check_cublas(cublasStatus_t status, const char* call);

#if CUCURBIT_HAS_CUDNN
cudnnHandle_t cudnn();
void check_cudnn(cudnnStatus_t status, const char* call);
#endif

}  // namespace cucurbit
