#pragma once

#include "kernels/activation.h"
#include "kernels/device/math.cuh"

namespace cucurbit {

/// act(x), in the accumulator type A (float or double).
template <Activation kind, class A>
__device__ __forceinline__ A activate(A x) {
  if constexpr (kind == Activation::relu) {
    return x < 0 ? A(0) : x;
  } else if constexpr (kind == Activation::leaky_relu) {
    return x < 0 ? A(kLeakySlope) * x : x;
  } else if constexpr (kind == Activation::gelu) {
    return A(0.5) * x * (A(1) + math::erf(x * A(0.70710678118654752)));
  } else if constexpr (kind == Activation::silu) {
    return x * math::sigmoid(x);
  } else if constexpr (kind == Activation::sigmoid) {
    return math::sigmoid(x);
  } else if constexpr (kind == Activation::tanh) {
    return math::tanh(x);
  } else if constexpr (kind == Activation::relu6) {
    return x < 0 ? A(0) : x > 6 ? A(6) : x;
  } else {
    return x;
  }
}

/// act'(x), from the input x if needs_input(kind), else from the output y = act(x); the other may be anything.
template <Activation kind, class A>
__device__ __forceinline__ A activate_gradient([[maybe_unused]] A x, [[maybe_unused]] A y) {
  if constexpr (kind == Activation::relu) {
    return y > 0 ? A(1) : A(0);
  } else if constexpr (kind == Activation::leaky_relu) {
    return y > 0 ? A(1) : A(kLeakySlope);
  } else if constexpr (kind == Activation::gelu) {
    const A distribution = A(0.5) * (A(1) + math::erf(x * A(0.70710678118654752)));
    return distribution + x * A(0.39894228040143268) * math::exp(A(-0.5) * x * x);
  } else if constexpr (kind == Activation::silu) {
    const A s = math::sigmoid(x);
    return s * (A(1) + x * (A(1) - s));
  } else if constexpr (kind == Activation::sigmoid) {
    return y * (A(1) - y);
  } else if constexpr (kind == Activation::tanh) {
    return A(1) - y * y;
  } else if constexpr (kind == Activation::relu6) {
    return y > 0 && y < 6 ? A(1) : A(0);
  } else {
    return A(1);
  }
}

}  // namespace cucurbit
