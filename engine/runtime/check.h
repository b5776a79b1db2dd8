#pragma once

#include <cuda_runtime.h>

namespace cucurbit {

/// Throws Error "[what] ..." unless `status` is success: out_of_memory for failed allocations, usage where there is no
/// GPU, bug for all others.
void check_cuda(cudaError_t status, const char* what);

}  // namespace cucurbit
