#pragma once

#include <cstddef>

#include "cuda_runtime_api.h"

namespace softgpu {

/// A launch that passed all checks.
struct Grid {
  dim3 blocks;
  dim3 threads;
  size_t shared_bytes;  ///< dynamic shared memory of a block
  void (*run_thread)(const void* arguments);
  const void* arguments;
};

/// cudaErrorNotSupported when the execution mode cannot run blocks of this shape.
cudaError_t check_mode(dim3 threads);

/// Runs every thread of every block and returns when all are done: the one place that decides how a grid is executed.
/// An exception from a kernel is thrown on, once, after the other blocks have run.
void run_grid(const Grid& grid);

}  // namespace softgpu
