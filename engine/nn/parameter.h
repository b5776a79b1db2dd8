#pragma once

#include <string>
#include <vector>

#include "engine/tensor.h"

namespace cucurbit {

/// The distribution of a parameter's initial values.
struct Initializer {
  enum class Kind { constant, normal, uniform, dirac };
  Kind kind = Kind::constant;
  double value = 0;  // the constant, the standard deviation, or the half-width of U(-value, value)

  static Initializer zeros() { return {Kind::constant, 0}; }
  static Initializer ones() { return {Kind::constant, 1}; }
  /// He et al. 2015: N(0, 2 / fan_in), for layers followed by a ReLU.
  static Initializer he_normal(int64_t fan_in);
  /// U(-1/sqrt(fan_in), 1/sqrt(fan_in)): the default of PyTorch's Linear and Conv2d.
  static Initializer fan_in_uniform(int64_t fan_in);
  /// Filters [K, R, S, C] of which filter k < C passes channel k through, by a 1 at its centre; the others are drawn as
  /// by fan_in_uniform.
  static Initializer dirac(int64_t fan_in);
};

/// A trained tensor of a layer. The layer states its shape and initial values; ParameterStore provides its memory.
struct Parameter {
  Shape shape;
  Initializer initializer{};
  /// True for a matrix or filter: ops read it in the network's compute type, and weight decay applies to it. False for
  /// a bias, gamma or beta: ops read it in the accumulator type, and weight decay does not apply by default.
  bool is_weight = true;
  /// The shape [H, W, C] of the map whose flattened values are the inputs of a linear layer; otherwise empty. PyTorch
  /// orders these inputs as [C, H, W].
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
