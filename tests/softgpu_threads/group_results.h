#pragma once

#include <vector>

#include "softgpu/runtime_support.h"

/// Runs kernel(out, arguments...) with `per_thread` results for each of its threads.
template <class T, class... Params, class... Args>
std::vector<T> results(void (*kernel)(T*, Params...), dim3 grid, dim3 block, int per_thread, Args... args) {
  const unsigned threads = grid.x * grid.y * grid.z * block.x * block.y * block.z;
  T* const out = device_array(std::vector<T>(threads * per_thread, T(-7)));
  EXPECT_CUDA(launch(kernel, grid, block, 0, nullptr, out, args...));
  EXPECT_CUDA(cudaDeviceSynchronize());
  return host_copy(out, threads * per_thread);
}
