#pragma once

#include "kernels/device/philox.cuh"

namespace cucurbit {

/// A permutation of [0, count) that is computed, not stored: place -> value, keyed by (seed, epoch). For host and
/// device.
///
/// A balanced Feistel network permutes [0, 4^k), the smallest such range that holds count; a value outside [0, count)
/// is permuted again until it is inside (at most four times on average). Black and Rogaway, Ciphers with Arbitrary
/// Finite Domains, 2002.
class Permutation {
 public:
  /// 1 <= count < 2^31.
  __host__ __device__ __forceinline__ Permutation(uint64_t seed, uint64_t epoch, uint32_t count) : count_(count) {
    while ((uint64_t(1) << 2 * half_) < count) ++half_;
    for (uint32_t draw = 0; draw < kRounds / 4; ++draw) {
      const auto bits =
          philox4x32({uint32_t(epoch), uint32_t(epoch >> 32), draw, kPurpose}, {uint32_t(seed), uint32_t(seed >> 32)});
      for (int i = 0; i < 4; ++i) keys_[draw * 4 + i] = bits[i];
    }
  }

  __host__ __device__ __forceinline__ uint32_t operator()(uint32_t place) const {
    do {
      place = network(place);
    } while (place >= count_);
    return place;
  }

 private:
  static constexpr int kRounds = 8;
  static constexpr uint32_t kPurpose = 0x0def;  // tells these random numbers from others of the same seed

  __host__ __device__ __forceinline__ uint32_t network(uint32_t place) const {
    const uint32_t mask = (1u << half_) - 1;
    uint32_t left = place >> half_, right = place & mask;
    for (uint32_t key : keys_) {
      const uint32_t mixed = left ^ (mix(right ^ key) & mask);
      left = right;
      right = mixed;
    }
    return left << half_ | right;
  }

  /// Every bit of the result depends on every bit of x.
  static __host__ __device__ __forceinline__ uint32_t mix(uint32_t x) {
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
  }

  uint32_t keys_[kRounds];
  uint32_t count_;
  int half_ = 1;  // bits of each half
};

}  // namespace cucurbit
