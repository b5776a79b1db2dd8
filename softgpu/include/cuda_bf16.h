#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include "softgpu/language.h"
#include "softgpu/round_to_odd.h"
#include "vector_functions.h"

/// bfloat16: the upper half of an IEEE float. Arithmetic is done in float and rounded once, as on the device.
///
/// Rounding is to nearest, ties to even. Every NaN becomes 0x7fff, which is what the toolkit returns. Conversions have
/// no branches, so loops over them vectorise.

struct __nv_bfloat16_raw {
  unsigned short x;
};

namespace softgpu {

constexpr uint16_t bfloat16_bits(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return static_cast<uint16_t>(nan ? 0x7fffu : rounded);
}

constexpr float bfloat16_value(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

}  // namespace softgpu

struct __nv_bfloat16 {
  __nv_bfloat16() = default;
  constexpr __nv_bfloat16(float value) : bits_(softgpu::bfloat16_bits(value)) {}
  constexpr __nv_bfloat16(double value) : bits_(softgpu::bfloat16_bits(softgpu::round_to_odd(value))) {}
  template <std::integral Int>
  requires(sizeof(Int) <= sizeof(int)) constexpr __nv_bfloat16(Int value) : __nv_bfloat16(static_cast<double>(value)) {}
  constexpr __nv_bfloat16(__nv_bfloat16_raw raw) : bits_(raw.x) {}

  constexpr operator __nv_bfloat16_raw() const { return {bits_}; }
  constexpr operator float() const { return softgpu::bfloat16_value(bits_); }

  constexpr __nv_bfloat16& operator=(__nv_bfloat16_raw raw) { return *this = __nv_bfloat16(raw); }
  constexpr __nv_bfloat16& operator=(float value) { return *this = __nv_bfloat16(value); }
  constexpr __nv_bfloat16& operator=(double value) { return *this = __nv_bfloat16(value); }

 private:
  unsigned short bits_;
};
using nv_bfloat16 = __nv_bfloat16;

struct alignas(4) __nv_bfloat162 {
  __nv_bfloat16 x, y;

  __nv_bfloat162() = default;
  constexpr __nv_bfloat162(__nv_bfloat16 low, __nv_bfloat16 high) : x(low), y(high) {}
};
using nv_bfloat162 = __nv_bfloat162;

static_assert(sizeof(__nv_bfloat16) == 2 && std::is_trivially_copyable_v<__nv_bfloat16>);
static_assert(sizeof(__nv_bfloat162) == 4 && std::is_trivially_copyable_v<__nv_bfloat162>);

// --- Conversions ---------------------------------------------------------------------------------------------------

constexpr __nv_bfloat16 __float2bfloat16(float value) { return value; }
constexpr __nv_bfloat16 __float2bfloat16_rn(float value) { return value; }
constexpr __nv_bfloat16 __double2bfloat16(double value) { return value; }
constexpr float __bfloat162float(__nv_bfloat16 value) { return value; }
constexpr unsigned short __bfloat16_as_ushort(__nv_bfloat16 value) { return __nv_bfloat16_raw(value).x; }
constexpr __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) { return __nv_bfloat16_raw{bits}; }

constexpr __nv_bfloat162 __float2bfloat162_rn(float value) { return {value, value}; }
constexpr __nv_bfloat162 __floats2bfloat162_rn(float low, float high) { return {low, high}; }
constexpr __nv_bfloat162 __float22bfloat162_rn(float2 value) { return {value.x, value.y}; }
constexpr float2 __bfloat1622float2(__nv_bfloat162 value) { return {float(value.x), float(value.y)}; }
constexpr __nv_bfloat162 __halves2bfloat162(__nv_bfloat16 low, __nv_bfloat16 high) { return {low, high}; }
constexpr __nv_bfloat16 __low2bfloat16(__nv_bfloat162 value) { return value.x; }
constexpr __nv_bfloat16 __high2bfloat16(__nv_bfloat162 value) { return value.y; }
constexpr float __low2float(__nv_bfloat162 value) { return value.x; }
constexpr float __high2float(__nv_bfloat162 value) { return value.y; }

// --- Arithmetic and comparison -------------------------------------------------------------------------------------

constexpr bool __hisnan(__nv_bfloat16 value) { return (__bfloat16_as_ushort(value) & 0x7fffu) > 0x7f80u; }

#define SOFTGPU_BFLOAT16_ARITHMETIC(op)                                                                                \
  constexpr __nv_bfloat16 operator op(const __nv_bfloat16& a, const __nv_bfloat16& b) { return float(a) op float(b); } \
  constexpr __nv_bfloat16& operator op##=(__nv_bfloat16& a, const __nv_bfloat16& b) { return a = a op b; }
SOFTGPU_BFLOAT16_ARITHMETIC(+)
SOFTGPU_BFLOAT16_ARITHMETIC(-)
SOFTGPU_BFLOAT16_ARITHMETIC(*)
SOFTGPU_BFLOAT16_ARITHMETIC(/)
#undef SOFTGPU_BFLOAT16_ARITHMETIC

constexpr __nv_bfloat16 operator-(const __nv_bfloat16& a) {
  return __ushort_as_bfloat16(static_cast<unsigned short>(__bfloat16_as_ushort(a) ^ 0x8000u));
}

#define SOFTGPU_BFLOAT16_COMPARISON(op) \
  constexpr bool operator op(const __nv_bfloat16& a, const __nv_bfloat16& b) { return float(a) op float(b); }
SOFTGPU_BFLOAT16_COMPARISON(==)
SOFTGPU_BFLOAT16_COMPARISON(!=)
SOFTGPU_BFLOAT16_COMPARISON(<)
SOFTGPU_BFLOAT16_COMPARISON(<=)
SOFTGPU_BFLOAT16_COMPARISON(>)
SOFTGPU_BFLOAT16_COMPARISON(>=)
#undef SOFTGPU_BFLOAT16_COMPARISON
