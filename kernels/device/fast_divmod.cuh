#pragma once

#include <cstdint>

namespace cucurbit {

/// Division by a number known on the host: a multiplication and a shift instead of some twenty instructions, and free
/// to be moved out of loops, since it cannot trap. Exact for 0 <= n < 2^31, 1 <= divisor < 2^31. Granlund & Montgomery,
/// Division by Invariant Integers using Multiplication, 1994.
class FastDivmod {
 public:
  FastDivmod() = default;
  explicit FastDivmod(int divisor) : divisor_(divisor) {
    while ((int64_t(1) << shift_) < divisor) ++shift_;
    multiplier_ = uint32_t(((uint64_t(1) << 32) * ((uint64_t(1) << shift_) - divisor)) / divisor + 1);
  }

  __host__ __device__ int divisor() const { return divisor_; }
  __host__ __device__ int quotient(int n) const {
    const uint32_t high = uint32_t((uint64_t(uint32_t(n)) * multiplier_) >> 32);
    return int((high + uint32_t(n)) >> shift_);
  }
  /// n = quotient * divisor + remainder
  __host__ __device__ int quotient(int n, int& remainder) const {
    const int result = quotient(n);
    remainder = n - result * divisor_;
    return result;
  }

 private:
  int divisor_ = 1, shift_ = 0;
  uint32_t multiplier_ = 1;
};

}  // namespace cucurbit
