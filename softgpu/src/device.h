#pragma once

#include <cstddef>

/// The properties of the device that softgpu presents: a GPU of compute capability 9.0 with one multiprocessor for each
/// OpenMP thread.
namespace softgpu {

inline constexpr int kMaxThreadsPerBlock = 1024;
inline constexpr int kMaxBlockDim[3] = {1024, 1024, 64};
inline constexpr int kMaxGridDim[3] = {2147483647, 65535, 65535};
inline constexpr int kSharedPerBlock = 48 << 10;
inline constexpr int kSharedPerBlockOptin = 227 << 10;
inline constexpr int kSharedPerMultiprocessor = 228 << 10;
inline constexpr int kReservedSharedPerBlock = 1 << 10;
inline constexpr int kRegistersPerBlock = 65536;
inline constexpr int kMaxThreadsPerMultiprocessor = 2048;
inline constexpr int kMaxBlocksPerMultiprocessor = 32;
inline constexpr int kComputeMajor = 9;
inline constexpr int kComputeMinor = 0;

int multiprocessor_count();

}  // namespace softgpu
