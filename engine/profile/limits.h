#pragma once

#include "engine/profile/profiler.h"

namespace cucurbit {

/// What the device can do at most, measured: the yardsticks of every other number.
struct DeviceLimits {
  double gemm_f32 = 0, gemm_bf16 = 0;  // FLOP/s of cublasGemmEx on square matrices of 2048
  double bandwidth = 0;                // bytes/s of a copy of 256 MiB, bytes read and bytes written both counted
};

/// The best of nine runs each.
DeviceLimits measure_limits();

/// The least time of an op: the larger of its bytes at full bandwidth and its operations at the rate of its own fastest
/// call, which for products is that of the vendor's routine on this shape.
double limit_seconds(const OpTime& op, const DeviceLimits& limits);

/// A table of ops with their time a step, what they did, and which share of their limit they reached; the last line
/// adds them up. `steps` is how many steps were profiled.
std::string profile_table(const std::vector<OpTime>& ops, const DeviceLimits& limits, int steps);

}  // namespace cucurbit
