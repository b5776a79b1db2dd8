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
  const void* kernel = nullptr;  ///< for names in reports
  bool cooperative = false;
};

/// Runs one block in thread mode on the calling OS thread; throws LaunchFailure when a checker ended it.
class CooperativeGrid;
void run_thread_block(const Grid& grid, uint64_t index, CooperativeGrid* cooperative);

/// Whether blocks run one after the other on one OS thread, as checkers need it.
bool on_one_os_thread();

/// cudaErrorNotSupported when the execution mode cannot run blocks of this shape.
cudaError_t check_mode(dim3 threads);

/// Runs every thread of every block and returns when all are done: the one place that decides how a grid is executed.
/// An exception from a kernel is thrown on, once, after the other blocks have run; LaunchFailure when a checker ended
/// the launch.
void run_grid(const Grid& grid);

}  // namespace softgpu
