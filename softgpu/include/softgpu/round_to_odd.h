#pragma once

#include <bit>
#include <cstdint>

namespace softgpu {

/// Rounds to odd, so that a second rounding, to a shorter type, gives what a single rounding to it would.
constexpr float round_to_odd(double value) {
  const float nearest = static_cast<float>(value);
  const double error = value - static_cast<double>(nearest);
  const uint32_t bits = std::bit_cast<uint32_t>(nearest);
  const bool inexact = error > 0.0 || error < 0.0;  // false for NaN, and for an infinity that `value` was already
  const bool away = (error > 0.0) == (value < 0.0);
  const uint32_t truncated = bits - (inexact && away ? 1u : 0u);
  return std::bit_cast<float>(truncated | (inexact ? 1u : 0u));
}

}  // namespace softgpu
