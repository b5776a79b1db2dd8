#include "engine/runtime/check.h"

#include <fmt/format.h>

#include "kernels/error.h"

namespace cucurbit {

void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  if (status == cudaErrorNoDevice || status == cudaErrorInsufficientDriver)
    throw Error(ErrorKind::usage,
                fmt::format("[{}] no usable GPU: {}: install or update its driver, or build for the CPU "
                            "with cmake --preset cpu",
                            what, cudaGetErrorString(status)));
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw Error(ErrorKind::out_of_memory,
                fmt::format("[{}] out of device memory: free {:.1f} of {:.1f} MiB: use a smaller `batch_size` or model",
                            what, free / 1048576.0, total / 1048576.0));
  }
  throw Error(ErrorKind::bug, fmt::format("[{}] {}: {}", what, cudaGetErrorName(status), cudaGetErrorString(status)));
}

}  // namespace cucurbit
