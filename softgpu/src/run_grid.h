#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda_runtime_api.h"

namespace softgpu {

/// A launch that passed all checks.
struct Grid {
  dim3 blocks;
  dim3 threads;
  size_t shared_bytes;  ///< dynamic shared memory of a block
  void (*run_thread)(const void* arguments);
  const void* arguments;
  const void* kernel = nullptr;  ///< identifies the kernel in reports
  bool cooperative = false;
};

class CooperativeGrid;
void run_thread_block(const Grid& grid, uint64_t index, CooperativeGrid* cooperative);

/// Whether blocks run one after the other on one OS thread, which some checkers require.
bool on_one_os_thread();

/// Returns cudaErrorNotSupported when the execution mode cannot run blocks of this shape.
cudaError_t check_mode(dim3 threads);

/// Runs every thread of every block and returns when all are done. This is the one place that decides how a grid is
/// executed. An exception from a kernel is rethrown, once, after the other blocks have run. Throws LaunchFailure when a
/// checker has ended the launch.
void run_grid(const Grid& grid);

}  // namespace softgpu
