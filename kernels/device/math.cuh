#pragma once

#include <cmath>

#include "kernels/device/numeric.cuh"

/// Device math, written once. Under nvcc the functions are CUDA's own; on softgpu the float versions are branch-free so
/// that g++ vectorises the loops around them without -ffast-math. Errors, in units in the last place, are tested.
namespace cucurbit::math {

/// NaN-unaware selections: `fmaxf` has NaN rules that prevent vectorisation.
template <class A>
__device__ __forceinline__ A max(A a, A b) {
  return a > b ? a : b;
}
template <class A>
__device__ __forceinline__ A min(A a, A b) {
  return a < b ? a : b;
}

#ifdef SOFTGPU
/// e^x within 1 ulp; 0 below -104, +infinity above 88.73, NaN for NaN. Range reduction x = n ln2 + r, |r| <= ln2 / 2, a
/// minimax polynomial for e^r, and two scalings by powers of two so that subnormal results are right.
inline float exp(float x) {
  const float clamped = x > 89.f ? 89.f : x < -104.f ? -104.f : x;
  const float rounded = std::rint(clamped * 1.44269504f);
  const float n = rounded == rounded ? rounded : 0.f;
  const float r = (clamped - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 0x1.6a2434p-10f;
  p = p * r + 0x1.1239e2p-7f;
  p = p * r + 0x1.5558f2p-5f;
  p = p * r + 0x1.555492p-3f;
  p = p * r + 0x1.fffffcp-2f;
  p = p * (r * r) + r + 1.f;
  const int half = int(n) >> 1;
  const float scale = __int_as_float((half + 127) << 23), rest = __int_as_float((int(n) - half + 127) << 23);
  return p * scale * rest;
}

/// tanh x within 1.5 ulp. |x| < 0.625: x + x^3 P(x^2); beyond: 1 - 2 / (e^2|x| + 1). P is a minimax fit of relative
/// error.
inline float tanh(float x) {
  const float magnitude = std::fabs(x);
  const float square = x * x;
  float p = -0x1.75e1a8p-8f;
  p = p * square + 0x1.522692p-6f;
  p = p * square + -0x1.b83c58p-5f;
  p = p * square + 0x1.110726p-3f;
  p = p * square + -0x1.555532p-2f;
  const float near = p * square * x + x;
  const float far = std::copysign(1.f - 2.f / (exp(2.f * magnitude) + 1.f), x);
  return magnitude < 0.625f ? near : far;
}

/// erf x within 1.5 ulp. |x| < 0.92: x + x P(x^2); beyond: 1 - e^-Q(|x|), Q fitted to -log(erfc) up to 4, where erf
/// rounds to 1. P is a minimax fit of relative error, Q one of the absolute error of e^-Q.
inline float erf(float x) {
  const float magnitude = std::fabs(x);
  const float square = x * x;
  float p = -0x1.3a8aa2p-11f;
  p = p * square + 0x1.475758p-8f;
  p = p * square + -0x1.b68ff4p-6f;
  p = p * square + 0x1.ce1abap-4f;
  p = p * square + -0x1.8126e8p-2f;
  p = p * square + 0x1.06eba6p-3f;
  const float near = p * x + x;
  const float a = magnitude > 4.f ? 4.f : magnitude;
  float q = -0x1.9b30c2p-13f;
  q = q * a + 0x1.8f148ap-9f;
  q = q * a + -0x1.6c47bep-6f;
  q = q * a + 0x1.a9c578p-4f;
  q = q * a + 0x1.4639fap-1f;
  q = q * a + 0x1.20b046p+0f;
  q = q * a + 0x1.927a62p-13f;
  const float far = std::copysign(1.f - exp(-q), x);
  return magnitude < 0.92f ? near : far;
}
#else
__device__ __forceinline__ float exp(float x) { return expf(x); }
__device__ __forceinline__ float tanh(float x) { return tanhf(x); }
__device__ __forceinline__ float erf(float x) { return erff(x); }
#endif
__device__ __forceinline__ double exp(double x) { return ::exp(x); }
__device__ __forceinline__ double tanh(double x) { return ::tanh(x); }
__device__ __forceinline__ double erf(double x) { return ::erf(x); }

/// Meant for one call a row, not for one an element: it is not vectorised on softgpu.
__device__ __forceinline__ float log(float x) { return logf(x); }
__device__ __forceinline__ double log(double x) { return ::log(x); }

__device__ __forceinline__ float sqrt(float x) { return sqrtf(x); }
__device__ __forceinline__ double sqrt(double x) { return ::sqrt(x); }
template <class A>
__device__ __forceinline__ A abs(A x) {
  return x < 0 ? -x : x;
}

/// 1 / (1 + e^-x), without overflow: e^-x may be infinite, giving 0.
template <class A>
__device__ __forceinline__ A sigmoid(A x) {
  return A(1) / (A(1) + exp(-x));
}

}  // namespace cucurbit::math
