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

/// The roofline model: the least seconds in which the device multiplies at the rate of its matrix products and moves
/// `bytes` at its bandwidth, the two at once. Throws Error usage for products in f64, whose rate is not measured.
double roofline_seconds(const Arithmetic& arithmetic, double bytes, const DeviceLimits& limits);

/// Least seconds of the same work by two algorithms: by the formula of the op, which other programs can be compared
/// with, and by the algorithm that computes it here. The first may be the larger one: an op that takes less time than
/// its formula allows owes that to its algorithm.
struct Rooflines {
  double direct = 0, algorithm = 0;
};
Rooflines rooflines(const OpTime& op, const DeviceLimits& limits);
/// The sums over ops that run one after the other.
Rooflines rooflines(const std::vector<OpTime>& ops, const DeviceLimits& limits);

/// A table of ops with their time a step, what they did, and which share of that time each of the two rooflines needs;
/// the last line adds them up. GFLOP and GFLOP/s are those of the formula. `steps` is how many steps were profiled.
std::string profile_table(const std::vector<OpTime>& ops, const DeviceLimits& limits, int steps);

}  // namespace cucurbit
