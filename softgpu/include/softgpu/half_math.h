#pragma once

#include <cmath>

#include "half2.h"

/// Functions of halves, computed in float and rounded once.

#define SOFTGPU_HALF_FUNCTION(name, expression) \
  inline __half h##name(__half value) {         \
    const float x = value;                      \
    return expression;                          \
  }                                             \
  inline __half2 h2##name(__half2 value) { return {h##name(value.x), h##name(value.y)}; }
SOFTGPU_HALF_FUNCTION(trunc, std::trunc(x))
SOFTGPU_HALF_FUNCTION(ceil, std::ceil(x))
SOFTGPU_HALF_FUNCTION(floor, std::floor(x))
SOFTGPU_HALF_FUNCTION(rint, std::nearbyint(x))
SOFTGPU_HALF_FUNCTION(sqrt, std::sqrt(x))
SOFTGPU_HALF_FUNCTION(rsqrt, 1.0f / std::sqrt(x))
SOFTGPU_HALF_FUNCTION(rcp, 1.0f / x)
SOFTGPU_HALF_FUNCTION(exp, std::exp(x))
SOFTGPU_HALF_FUNCTION(exp2, std::exp2(x))
SOFTGPU_HALF_FUNCTION(exp10, std::pow(10.0f, x))
SOFTGPU_HALF_FUNCTION(log, std::log(x))
SOFTGPU_HALF_FUNCTION(log2, std::log2(x))
SOFTGPU_HALF_FUNCTION(log10, std::log10(x))
SOFTGPU_HALF_FUNCTION(sin, std::sin(x))
SOFTGPU_HALF_FUNCTION(cos, std::cos(x))
SOFTGPU_HALF_FUNCTION(tanh, std::tanh(x))
#undef SOFTGPU_HALF_FUNCTION
