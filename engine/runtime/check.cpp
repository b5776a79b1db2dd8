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
  const ErrorKind kind = status == cudaErrorMemoryAllocation ? ErrorKind::out_of_memory : ErrorKind::bug;
  throw Error(kind, fmt::format("[{}] {}: {}", what, cudaGetErrorName(status), cudaGetErrorString(status)));
}

}  // namespace cucurbit
