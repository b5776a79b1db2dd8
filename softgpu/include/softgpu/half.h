#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "../vector_functions.h"
#include "round_to_odd.h"

/// IEEE binary16: the type and its conversions. Rounding is to nearest, ties to even, unless the name says otherwise;
/// subnormals are kept; every NaN becomes 0x7fff, and 0x7fffffff as a float, which is what the toolkit returns.
/// Conversions between half and float are without branches, so loops over them vectorise.

struct __half_raw {
  unsigned short x;
};

namespace softgpu {

constexpr uint16_t half_bits(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7fffffffu;
  const uint32_t normal = (magnitude - (112u << 23) + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
  // Half's subnormals are multiples of 2^-24, the last place of a float in [0.5, 1): an addition rounds to them.
  const uint32_t small = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude < 0x38800000u ? magnitude : 0u) + 0.5f);
  uint32_t rounded = magnitude < 0x38800000u ? small - 0x3f000000u : normal;
  rounded = magnitude >= 0x477ff000u ? 0x7c00u : rounded;  // from 65520 on the nearest is infinity
  return static_cast<uint16_t>(magnitude > 0x7f800000u ? 0x7fffu : (rounded | (bits >> 16 & 0x8000u)));
}

constexpr float half_value(uint16_t bits) {
  const uint32_t magnitude = bits & 0x7fffu;
  const float finite = std::bit_cast<float>(magnitude << 13) * 0x1p112f;  // exact, and subnormals become normal
  uint32_t wide = std::bit_cast<uint32_t>(finite);
  wide = magnitude >= 0x7c00u ? 0x7f800000u : wide;
  return std::bit_cast<float>(magnitude > 0x7c00u ? 0x7fffffffu : (wide | (bits & 0x8000u) << 16));
}

enum class HalfRounding { zero, down, up };

/// The half nearest to `value` in the given direction.
constexpr uint16_t half_bits(double value, HalfRounding direction) {
  const uint16_t nearest = half_bits(round_to_odd(value));
  const double got = half_value(nearest);
  const bool negative = (nearest & 0x8000u) != 0;
  const bool step_down =
      got > value && (direction == HalfRounding::down || (direction == HalfRounding::zero && !negative));
  const bool step_up = got < value && (direction == HalfRounding::up || (direction == HalfRounding::zero && negative));
  if (!step_down && !step_up) return nearest;
  // Patterns of one sign are in the order of their magnitudes. A value that rounded to zero may lie on either side.
  if ((nearest & 0x7fffu) == 0) return step_down ? 0x8001u : 0x0001u;
  return static_cast<uint16_t>(nearest + (step_up != negative ? 1 : -1));
}

}  // namespace softgpu

struct __half {
  __half() = default;
  constexpr __half(float value) : bits_(softgpu::half_bits(value)) {}
  constexpr __half(double value) : bits_(softgpu::half_bits(softgpu::round_to_odd(value))) {}
  template <std::integral Int>
  constexpr __half(Int value) : __half(static_cast<double>(value)) {}  // what a double cannot hold is infinite here
  constexpr __half(__half_raw raw) : bits_(raw.x) {}

  constexpr operator __half_raw() const { return {bits_}; }
  constexpr operator float() const { return softgpu::half_value(bits_); }

  constexpr __half& operator=(__half_raw raw) { return *this = __half(raw); }
  constexpr __half& operator=(float value) { return *this = __half(value); }
  constexpr __half& operator=(double value) { return *this = __half(value); }

 private:
  unsigned short bits_;
};
using half = __half;
using nv_half = __half;

static_assert(sizeof(__half) == 2 && std::is_trivially_copyable_v<__half>);

// --- Conversions ---------------------------------------------------------------------------------------------------

constexpr unsigned short __half_as_ushort(__half value) { return __half_raw(value).x; }
constexpr short __half_as_short(__half value) { return static_cast<short>(__half_as_ushort(value)); }
constexpr __half __ushort_as_half(unsigned short bits) { return __half_raw{bits}; }
constexpr __half __short_as_half(short bits) { return __half_raw{static_cast<unsigned short>(bits)}; }

constexpr __half __float2half(float value) { return value; }
constexpr __half __float2half_rn(float value) { return value; }
constexpr __half __double2half(double value) { return value; }
constexpr float __half2float(__half value) { return value; }

namespace softgpu {

constexpr __half directed_half(double value, HalfRounding direction) {
  return __ushort_as_half(half_bits(value, direction));
}

/// Saturates. NaN becomes 0 or, for a 64-bit type, the bit pattern of the smallest signed number.
template <std::integral Int>
constexpr Int saturated(double whole) {
  if (whole != whole) return sizeof(Int) == 8 ? static_cast<Int>(uint64_t{1} << 63) : Int{0};
  if (whole <= static_cast<double>(std::numeric_limits<Int>::min())) return std::numeric_limits<Int>::min();
  if (whole >= static_cast<double>(std::numeric_limits<Int>::max())) return std::numeric_limits<Int>::max();
  return static_cast<Int>(whole);
}

}  // namespace softgpu

constexpr __half __float2half_rz(float value) { return softgpu::directed_half(value, softgpu::HalfRounding::zero); }
constexpr __half __float2half_rd(float value) { return softgpu::directed_half(value, softgpu::HalfRounding::down); }
constexpr __half __float2half_ru(float value) { return softgpu::directed_half(value, softgpu::HalfRounding::up); }

#define SOFTGPU_HALF_INTEGER(name, T)                                                                            \
  constexpr __half __##name##2half_rn(T value) { return value; }                                                 \
  constexpr __half __##name##2half_rz(T value) {                                                                 \
    return softgpu::directed_half(static_cast<double>(value), softgpu::HalfRounding::zero);                      \
  }                                                                                                              \
  constexpr __half __##name##2half_rd(T value) {                                                                 \
    return softgpu::directed_half(static_cast<double>(value), softgpu::HalfRounding::down);                      \
  }                                                                                                              \
  constexpr __half __##name##2half_ru(T value) {                                                                 \
    return softgpu::directed_half(static_cast<double>(value), softgpu::HalfRounding::up);                        \
  }                                                                                                              \
  inline T __half2##name##_rn(__half value) { return softgpu::saturated<T>(__builtin_nearbyint(float(value))); } \
  inline T __half2##name##_rz(__half value) { return softgpu::saturated<T>(__builtin_trunc(float(value))); }     \
  inline T __half2##name##_rd(__half value) { return softgpu::saturated<T>(__builtin_floor(float(value))); }     \
  inline T __half2##name##_ru(__half value) { return softgpu::saturated<T>(__builtin_ceil(float(value))); }
SOFTGPU_HALF_INTEGER(short, short)
SOFTGPU_HALF_INTEGER(ushort, unsigned short)
SOFTGPU_HALF_INTEGER(int, int)
SOFTGPU_HALF_INTEGER(uint, unsigned int)
SOFTGPU_HALF_INTEGER(ll, long long)
SOFTGPU_HALF_INTEGER(ull, unsigned long long)
#undef SOFTGPU_HALF_INTEGER
