#pragma once

#include "language.h"

/// Linear indices of the calling CUDA thread.

namespace softgpu {

inline unsigned thread_index() { return (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x; }
inline unsigned lane_index() { return thread_index() % static_cast<unsigned>(warpSize); }
inline unsigned block_threads() { return blockDim.x * blockDim.y * blockDim.z; }
inline unsigned long long block_index() {
  return (1ull * blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
}
inline unsigned long long grid_blocks() { return 1ull * gridDim.x * gridDim.y * gridDim.z; }

}  // namespace softgpu
