#pragma once

#include <string>
#include <vector>

#include "engine/tensor.h"

namespace cucurbit {

/// How a parameter begins.
struct Initializer {
  enum class Kind { constant, normal, uniform, dirac };
  Kind kind = Kind::constant;
  double value = 0;  // the constant, the standard deviation, or the half-width of U(-value, value)

  static Initializer zeros() { return {Kind::constant, 0}; }
  static Initializer ones() { return {Kind::constant, 1}; }
  /// He et al. 2015: N(0, 2 / fan_in), for layers followed by a ReLU.
  static Initializer he_normal(int64_t fan_in);
  /// U(-1/sqrt(fan_in), 1/sqrt(fan_in)): what PyTorch's Linear and Conv2d begin with.
  static Initializer fan_in_uniform(int64_t fan_in);
  /// Filters [K, R, S, C] whose first C pass a channel each on, by a 1 at the centre; those after them as
  /// fan_in_uniform.
  static Initializer dirac(int64_t fan_in);
};

/// A trained tensor of a layer. The layer states what it wants; ParameterStore gives it memory.
struct Parameter {
  Shape shape;
  Initializer initializer{};
  /// A matrix or filter: ops read it in the network's compute type, and it decays. Otherwise (bias, gamma, beta) it is
  /// read in the accumulator type and does not decay.
  bool is_weight = true;
  /// Of a linear layer behind a flattened map [H, W, C]; else empty. PyTorch's weights count its inputs as [C, H, W].
  Shape map{};
  Tensor value{};   // what ops read; carries the gradient
  Tensor master{};  // accumulator type, in the store; the same memory as `value` where the types agree
};

/// A tensor of a layer that is saved but not trained (running statistics), in the accumulator type.
struct Buffer {
  Shape shape;
  double initial = 0;
  Tensor value{};
};

/// Everything a model saves, by name ("features.0.weight"), in order of construction.
struct StateList {
  template <class T>
  struct Entry {
    std::string name;
    T* item;
  };
  std::vector<Entry<Parameter>> parameters;
  std::vector<Entry<Buffer>> buffers;
};

}  // namespace cucurbit
