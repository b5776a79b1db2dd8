#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/tensor.h"

/// One object per op and shape. tests/op_test.cpp drives every check from it (see there), and bench/op_bench.cpp times
/// it, so that a new op is covered by a line in tests/op_cases/all.h.
namespace cucurbit::test {

/// Elements of a tensor in double precision, row-major: what the references work on.
using Values = std::vector<double>;

/// An input of an op and the random values it is tested with.
struct Input {
  /// activation: the element type under test. parameter: its accumulator type (gamma, bias). labels: i32, integers in
  /// [low, high). constant: as activation, but without gradient.
  enum class Kind { activation, parameter, labels, constant };

  Shape shape;
  Kind kind = Kind::activation;
  /// Values are low plus odd multiples of (high - low) / 256: for [-1, 1] they are exact in bf16 and never 0, where
  /// activations have a kink.
  double low = -1, high = 1;
  /// All values are different and evenly spaced instead, since max pooling has no derivative at ties.
  bool distinct = false;

  bool differentiable() const { return kind == Kind::activation || kind == Kind::parameter; }
};

struct OpCase {
  std::string name;  // letters, digits and _
  std::vector<Input> inputs;
  /// The op under test.
  std::function<Tensor(const std::vector<Tensor>&)> run;
  /// The same function in plain double-precision loops, sharing no code with the op.
  std::function<Values(const std::vector<Values>&)> reference;
  Shape output;
  /// Length of the longest sum behind one output or gradient element: rounding errors grow with it.
  int64_t sum_length = 1;
  /// Floating-point operations of the forward pass, for ops that are products of matrices or convolutions.
  double flop = 0;
  /// A factor on the tolerance. A case that sets anything but 1 states the error that was measured beside it.
  double slack = 1;
  /// False for ops that have no gradient.
  bool gradient = true;
  /// True for ops that exist both as a call of a vendor library and as a kernel of our own: the two are compared.
  bool both_maths = false;
  std::vector<DType> dtypes = {DType::f32, DType::bf16, DType::f64};
};

}  // namespace cucurbit::test
