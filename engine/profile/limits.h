#pragma once

#include "engine/profile/profiler.h"

namespace cucurbit {

/// The measured limits of the device, with which every other measurement is compared.
struct DeviceLimits {
  double gemm_f32 = 0, gemm_bf16 = 0;  // FLOP/s of cublasGemmEx on square matrices of 2048
  double bandwidth = 0;                // bytes/s of a copy of 256 MiB, bytes read and bytes written both counted
};

/// Measures each limit as the best of nine runs.
DeviceLimits measure_limits();

/// The roofline model: the least time in seconds if the device computes at the rate of its matrix products and moves
/// `bytes` at its bandwidth, both at the same time. Throws Error usage for products in f64, whose rate is not measured.
double roofline_seconds(const Arithmetic& arithmetic, double bytes, const DeviceLimits& limits);

/// The least time of the same work, in seconds, by two algorithms: by the formula of the op, which allows comparison
/// with other programs, and by the algorithm that computes it here. An algorithm with fewer operations than the formula
/// can make an op faster than its `direct` roofline.
struct Rooflines {
  double direct = 0, algorithm = 0;
};
Rooflines rooflines(const OpTime& op, const DeviceLimits& limits);
/// The sums over ops that run one after the other.
Rooflines rooflines(const std::vector<OpTime>& ops, const DeviceLimits& limits);

/// A table of ops with their time per step, the work they did, and the share of that time which each of the two
/// rooflines accounts for; the last line is the sum. GFLOP and GFLOP/s are those of the formula. `steps` is the number
/// of steps that were profiled.
std::string profile_table(const std::vector<OpTime>& ops, const DeviceLimits& limits, int steps);

}  // namespace cucurbit
