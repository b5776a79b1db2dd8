#pragma once

#include "half_arithmetic.h"

/// Pairs of halves: every function works on each of the two separately.

struct __half2_raw {
  unsigned short x, y;
};

struct alignas(4) __half2 {
  __half x, y;

  __half2() = default;
  constexpr __half2(__half low, __half high) : x(low), y(high) {}
  constexpr __half2(__half2_raw raw) : x(__half_raw{raw.x}), y(__half_raw{raw.y}) {}
  constexpr operator __half2_raw() const { return {__half_as_ushort(x), __half_as_ushort(y)}; }
};
using half2 = __half2;
using nv_half2 = __half2;

static_assert(sizeof(__half2) == 4 && std::is_trivially_copyable_v<__half2>);

// --- Conversions ---------------------------------------------------------------------------------------------------

constexpr __half2 make_half2(__half low, __half high) { return {low, high}; }
constexpr __half2 __float2half2_rn(float value) { return {value, value}; }
constexpr __half2 __floats2half2_rn(float low, float high) { return {low, high}; }
constexpr __half2 __float22half2_rn(float2 value) { return {value.x, value.y}; }
constexpr float2 __half22float2(__half2 value) { return {float(value.x), float(value.y)}; }
constexpr __half2 __half2half2(__half value) { return {value, value}; }
constexpr __half2 __halves2half2(__half low, __half high) { return {low, high}; }
constexpr __half __low2half(__half2 value) { return value.x; }
constexpr __half __high2half(__half2 value) { return value.y; }
constexpr float __low2float(__half2 value) { return value.x; }
constexpr float __high2float(__half2 value) { return value.y; }
constexpr __half2 __low2half2(__half2 value) { return {value.x, value.x}; }
constexpr __half2 __high2half2(__half2 value) { return {value.y, value.y}; }
constexpr __half2 __lows2half2(__half2 a, __half2 b) { return {a.x, b.x}; }
constexpr __half2 __highs2half2(__half2 a, __half2 b) { return {a.y, b.y}; }
constexpr __half2 __lowhigh2highlow(__half2 value) { return {value.y, value.x}; }

// --- Arithmetic ----------------------------------------------------------------------------------------------------

#define SOFTGPU_HALF2_BINARY(name, one) \
  constexpr __half2 name(__half2 a, __half2 b) { return {one(a.x, b.x), one(a.y, b.y)}; }
SOFTGPU_HALF2_BINARY(__hadd2, __hadd)
SOFTGPU_HALF2_BINARY(__hsub2, __hsub)
SOFTGPU_HALF2_BINARY(__hmul2, __hmul)
SOFTGPU_HALF2_BINARY(__h2div, __hdiv)
SOFTGPU_HALF2_BINARY(__hadd2_rn, __hadd)
SOFTGPU_HALF2_BINARY(__hsub2_rn, __hsub)
SOFTGPU_HALF2_BINARY(__hmul2_rn, __hmul)
SOFTGPU_HALF2_BINARY(__hadd2_sat, __hadd_sat)
SOFTGPU_HALF2_BINARY(__hsub2_sat, __hsub_sat)
SOFTGPU_HALF2_BINARY(__hmul2_sat, __hmul_sat)
SOFTGPU_HALF2_BINARY(__hmax2, __hmax)
SOFTGPU_HALF2_BINARY(__hmin2, __hmin)
SOFTGPU_HALF2_BINARY(__hmax2_nan, __hmax_nan)
SOFTGPU_HALF2_BINARY(__hmin2_nan, __hmin_nan)
#undef SOFTGPU_HALF2_BINARY

#define SOFTGPU_HALF2_FMA(name, one) \
  constexpr __half2 name(__half2 a, __half2 b, __half2 c) { return {one(a.x, b.x, c.x), one(a.y, b.y, c.y)}; }
SOFTGPU_HALF2_FMA(__hfma2, __hfma)
SOFTGPU_HALF2_FMA(__hfma2_sat, __hfma_sat)
SOFTGPU_HALF2_FMA(__hfma2_relu, __hfma_relu)
#undef SOFTGPU_HALF2_FMA

constexpr __half2 __hneg2(__half2 a) { return {__hneg(a.x), __hneg(a.y)}; }
constexpr __half2 __habs2(__half2 a) { return {__habs(a.x), __habs(a.y)}; }
constexpr __half2 operator-(const __half2& a) { return __hneg2(a); }

#define SOFTGPU_HALF2_OPERATOR(op, function)                                                   \
  constexpr __half2 operator op(const __half2& a, const __half2& b) { return function(a, b); } \
  constexpr __half2& operator op##=(__half2& a, const __half2& b) { return a = function(a, b); }
SOFTGPU_HALF2_OPERATOR(+, __hadd2)
SOFTGPU_HALF2_OPERATOR(-, __hsub2)
SOFTGPU_HALF2_OPERATOR(*, __hmul2)
SOFTGPU_HALF2_OPERATOR(/, __h2div)
#undef SOFTGPU_HALF2_OPERATOR

// --- Comparison: 1 or 0 in each half, all bits of each 16-bit part, or whether both hold ----------------------------

#define SOFTGPU_HALF2_COMPARISON(name)                                                      \
  constexpr __half2 __h##name##2(__half2 a, __half2 b) {                                    \
    return {float(__h##name(a.x, b.x)), float(__h##name(a.y, b.y))};                        \
  }                                                                                         \
  constexpr unsigned __h##name##2_mask(__half2 a, __half2 b) {                              \
    return (__h##name(a.x, b.x) ? 0xffffu : 0u) | (__h##name(a.y, b.y) ? 0xffff0000u : 0u); \
  }                                                                                         \
  constexpr bool __hb##name##2(__half2 a, __half2 b) { return __h##name(a.x, b.x) && __h##name(a.y, b.y); }
SOFTGPU_HALF2_COMPARISON(eq)
SOFTGPU_HALF2_COMPARISON(ne)
SOFTGPU_HALF2_COMPARISON(lt)
SOFTGPU_HALF2_COMPARISON(le)
SOFTGPU_HALF2_COMPARISON(gt)
SOFTGPU_HALF2_COMPARISON(ge)
SOFTGPU_HALF2_COMPARISON(equ)
SOFTGPU_HALF2_COMPARISON(neu)
SOFTGPU_HALF2_COMPARISON(ltu)
SOFTGPU_HALF2_COMPARISON(leu)
SOFTGPU_HALF2_COMPARISON(gtu)
SOFTGPU_HALF2_COMPARISON(geu)
#undef SOFTGPU_HALF2_COMPARISON

constexpr __half2 __hisnan2(__half2 a) { return {float(__hisnan(a.x)), float(__hisnan(a.y))}; }
constexpr bool operator==(const __half2& a, const __half2& b) { return __hbeq2(a, b); }
constexpr bool operator!=(const __half2& a, const __half2& b) { return __hbneu2(a, b); }
