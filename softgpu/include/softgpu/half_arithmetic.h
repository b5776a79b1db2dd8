#pragma once

#include "half.h"

/// Arithmetic and comparison of halves. A float holds a product of two halves exactly, and its 24 bits are enough for
/// the rounding of a sum or a quotient to come out as if it had been rounded to half at once.

namespace softgpu {

/// a * b + c, rounded once. The product has 22 bits and is exact; the sum needs more than the 53 bits of a double only
/// where its smaller part is too small to affect the rounding to half.
constexpr __half half_fma(double a, double b, double c) { return a * b + c; }

constexpr __half half_saturated(float value) { return value > 0.0f ? (value < 1.0f ? value : 1.0f) : 0.0f; }
constexpr __half half_relu(__half value) { return float(value) < 0.0f ? __half(0.0f) : value; }

}  // namespace softgpu

constexpr bool __hisnan(__half value) { return (__half_as_ushort(value) & 0x7fffu) > 0x7c00u; }
/// -1 for minus infinity, 1 for infinity, else 0.
constexpr int __hisinf(__half value) {
  if ((__half_as_ushort(value) & 0x7fffu) != 0x7c00u) return 0;
  return __half_as_ushort(value) == 0x7c00u ? 1 : -1;
}

#define SOFTGPU_HALF_ARITHMETIC(op, name)                                                         \
  constexpr __half operator op(const __half& a, const __half& b) { return float(a) op float(b); } \
  constexpr __half& operator op##=(__half& a, const __half& b) { return a = a op b; }             \
  constexpr __half __h##name(__half a, __half b) { return a op b; }
SOFTGPU_HALF_ARITHMETIC(+, add)
SOFTGPU_HALF_ARITHMETIC(-, sub)
SOFTGPU_HALF_ARITHMETIC(*, mul)
SOFTGPU_HALF_ARITHMETIC(/, div)
#undef SOFTGPU_HALF_ARITHMETIC

constexpr __half __hadd_rn(__half a, __half b) { return a + b; }
constexpr __half __hsub_rn(__half a, __half b) { return a - b; }
constexpr __half __hmul_rn(__half a, __half b) { return a * b; }
constexpr __half __hadd_sat(__half a, __half b) { return softgpu::half_saturated(a + b); }
constexpr __half __hsub_sat(__half a, __half b) { return softgpu::half_saturated(a - b); }
constexpr __half __hmul_sat(__half a, __half b) { return softgpu::half_saturated(a * b); }
constexpr __half __hfma(__half a, __half b, __half c) { return softgpu::half_fma(float(a), float(b), float(c)); }
constexpr __half __hfma_sat(__half a, __half b, __half c) { return softgpu::half_saturated(__hfma(a, b, c)); }
constexpr __half __hfma_relu(__half a, __half b, __half c) { return softgpu::half_relu(__hfma(a, b, c)); }

constexpr __half __hneg(__half a) {
  return __ushort_as_half(static_cast<unsigned short>(__half_as_ushort(a) ^ 0x8000u));
}
constexpr __half __habs(__half a) {
  return __ushort_as_half(static_cast<unsigned short>(__half_as_ushort(a) & 0x7fffu));
}
constexpr __half operator-(const __half& a) { return __hneg(a); }
constexpr __half operator+(const __half& a) { return a; }
constexpr __half& operator++(__half& a) { return a += __half(1.0f); }
constexpr __half& operator--(__half& a) { return a -= __half(1.0f); }
constexpr __half operator++(__half& a, int) {
  const __half before = a;
  ++a;
  return before;
}
constexpr __half operator--(__half& a, int) {
  const __half before = a;
  --a;
  return before;
}

// The plain comparisons are false where an operand is NaN, __hne too; those ending in u are true then. The operators
// follow IEEE: != is true for NaN.
#define SOFTGPU_HALF_COMPARISON(op, name)                                                                       \
  constexpr bool operator op(const __half& a, const __half& b) { return float(a) op float(b); }                 \
  constexpr bool __h##name(__half a, __half b) { return !__hisnan(a) && !__hisnan(b) && float(a) op float(b); } \
  constexpr bool __h##name##u(__half a, __half b) { return __hisnan(a) || __hisnan(b) || float(a) op float(b); }
SOFTGPU_HALF_COMPARISON(==, eq)
SOFTGPU_HALF_COMPARISON(!=, ne)
SOFTGPU_HALF_COMPARISON(<, lt)
SOFTGPU_HALF_COMPARISON(<=, le)
SOFTGPU_HALF_COMPARISON(>, gt)
SOFTGPU_HALF_COMPARISON(>=, ge)
#undef SOFTGPU_HALF_COMPARISON

/// If only one operand is NaN, the result is the other one; +0 counts as larger than -0.
constexpr __half __hmax(__half a, __half b) {
  if (__hisnan(a)) return __hisnan(b) ? __ushort_as_half(0x7fff) : b;
  if (__hisnan(b) || a > b) return a;
  return a == b && __half_as_ushort(a) == 0 ? a : b;
}
constexpr __half __hmin(__half a, __half b) {
  if (__hisnan(a)) return __hisnan(b) ? __ushort_as_half(0x7fff) : b;
  if (__hisnan(b) || a < b) return a;
  return a == b && __half_as_ushort(a) == 0x8000u ? a : b;
}
/// NaN if either operand is NaN.
constexpr __half __hmax_nan(__half a, __half b) {
  return __hisnan(a) || __hisnan(b) ? __ushort_as_half(0x7fff) : __hmax(a, b);
}
constexpr __half __hmin_nan(__half a, __half b) {
  return __hisnan(a) || __hisnan(b) ? __ushort_as_half(0x7fff) : __hmin(a, b);
}
