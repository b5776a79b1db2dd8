#pragma once

#include <cstdint>

#include "kernels/types.h"

namespace cucurbit {

/// Functions applied to every element after a linear map, a convolution or a normalisation.
///
///   identity    x
///   relu        x < 0 ? 0 : x                       derivative 0 at 0
///   relu6       x < 0 ? 0 : x > 6 ? 6 : x           derivative 0 at 0 and 6
///   leaky_relu  x < 0 ? 0.01 x : x                  derivative 0.01 at 0
///   gelu        x Phi(x), Phi the normal distribution function by erf, not by the tanh approximation
///   silu        x / (1 + e^-x)
///   sigmoid     1 / (1 + e^-x)
///   tanh        tanh x
///
/// NaN stays NaN in all of them.
enum class Activation : uint8_t { identity, relu, leaky_relu, gelu, silu, sigmoid, tanh, relu6 };

inline constexpr Activation kActivations[] = {Activation::identity, Activation::relu, Activation::leaky_relu,
                                              Activation::gelu,     Activation::silu, Activation::sigmoid,
                                              Activation::tanh,     Activation::relu6};

inline constexpr double kLeakySlope = 0.01;

/// True if the derivative is computed from the input x of the activation, false if from its output y.
constexpr bool needs_input(Activation kind) { return kind == Activation::gelu || kind == Activation::silu; }

/// "relu", "gelu", ...
constexpr const char* name(Activation kind) {
  switch (kind) {
    case Activation::identity:
      return "identity";
    case Activation::relu:
      return "relu";
    case Activation::leaky_relu:
      return "leaky_relu";
    case Activation::gelu:
      return "gelu";
    case Activation::silu:
      return "silu";
    case Activation::sigmoid:
      return "sigmoid";
    case Activation::tanh:
      return "tanh";
    case Activation::relu6:
      return "relu6";
  }
  return "?";
}

/// An activation as a template argument: f(ActivationTag<Activation::relu>{}).
template <Activation kind>
struct ActivationTag {
  static constexpr Activation value = kind;
};

/// Calls f with the tag of `kind`.
template <class F>
void dispatch_activation(Activation kind, F&& f) {
  switch (kind) {
    case Activation::identity:
      return f(ActivationTag<Activation::identity>{});
    case Activation::relu:
      return f(ActivationTag<Activation::relu>{});
    case Activation::leaky_relu:
      return f(ActivationTag<Activation::leaky_relu>{});
    case Activation::gelu:
      return f(ActivationTag<Activation::gelu>{});
    case Activation::silu:
      return f(ActivationTag<Activation::silu>{});
    case Activation::sigmoid:
      return f(ActivationTag<Activation::sigmoid>{});
    case Activation::tanh:
      return f(ActivationTag<Activation::tanh>{});
    case Activation::relu6:
      return f(ActivationTag<Activation::relu6>{});
  }
}

namespace kernels {

/// y[i] = act(x[i]).
///
///   x, y [n]; y is overwritten and may be x.
///
/// T: float, bf16 (computed in float), double. Deterministic.
template <class T>
void activation(const T* x, T* y, int64_t n, Activation kind, cudaStream_t stream);

/// dx[i] = dy[i] act'(x[i]), or dx[i] += with `accumulate`.
///
///   dy, dx [n]; dx may be dy if not accumulating.
///   saved [n]: x if needs_input(kind), else y. Unused for identity.
template <class T>
void activation_backward(const T* dy, const T* saved, T* dx, int64_t n, Activation kind, bool accumulate,
                         cudaStream_t stream);

}  // namespace kernels
}  // namespace cucurbit
