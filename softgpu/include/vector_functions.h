#pragma once

#include "vector_types.h"

/// make_float4(x, y, z, w) and the other functions of this kind.

#define SOFTGPU_MAKE_VECTORS(Name, T)                                   \
  constexpr Name##1 make_##Name##1(T x) { return {x}; }                 \
  constexpr Name##2 make_##Name##2(T x, T y) { return {x, y}; }         \
  constexpr Name##3 make_##Name##3(T x, T y, T z) { return {x, y, z}; } \
  constexpr Name##4 make_##Name##4(T x, T y, T z, T w) { return {x, y, z, w}; }

SOFTGPU_MAKE_VECTORS(char, signed char)
SOFTGPU_MAKE_VECTORS(uchar, unsigned char)
SOFTGPU_MAKE_VECTORS(short, short)
SOFTGPU_MAKE_VECTORS(ushort, unsigned short)
SOFTGPU_MAKE_VECTORS(int, int)
SOFTGPU_MAKE_VECTORS(uint, unsigned int)
SOFTGPU_MAKE_VECTORS(longlong, long long)
SOFTGPU_MAKE_VECTORS(ulonglong, unsigned long long)
SOFTGPU_MAKE_VECTORS(float, float)
SOFTGPU_MAKE_VECTORS(double, double)

#undef SOFTGPU_MAKE_VECTORS
