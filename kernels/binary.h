#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/types.h"

/// Maps of two operands that are broadcast against each other by numpy's rules.
namespace cucurbit {

enum class Binary : uint8_t { add, sub, mul, div, maximum };

/// An operand of a Binary.
enum class Operand : uint8_t { a, b };

/// How a and b are read for each element of their row-major result. Dimensions of size 1 are gone and neighbours that
/// are broadcast alike are merged, so that equal shapes, a scalar and a vector along the last dimensions have 1 or 2
/// left.
struct Broadcast {
  static constexpr int kMaxRank = 6;
  int rank = 1;
  std::array<int64_t, kMaxRank> size{1};                   // slowest first
  std::array<int64_t, kMaxRank> stride_a{1}, stride_b{1};  // in elements; 0 where the operand is broadcast
  int64_t elements = 1;

  int64_t stride(Operand operand, int axis) const { return operand == Operand::a ? stride_a[axis] : stride_b[axis]; }
  /// True if the operand has an element for each of the result.
  bool covers(Operand operand) const;
};

/// The shape that `a` and `b` broadcast to: right-aligned, sizes equal or one of them 1. Empty vector of rank 0 is a
/// scalar. Returns false if they do not fit.
bool broadcast_shape(const std::vector<int64_t>& a, const std::vector<int64_t>& b, std::vector<int64_t>& result);

/// The layout of two shapes that fit; at most six dimensions.
Broadcast make_broadcast(const std::vector<int64_t>& a, const std::vector<int64_t>& b);

namespace kernels {

/// y[i] = op(a[i], b[i]), operands read as `layout` says.
///
///   y [layout.elements]; may be an operand that covers the result.
///
/// maximum is NaN where either is. T: float, bf16 (computed in float), double. Deterministic.
template <class T>
void binary(Binary op, const T* a, const T* b, T* y, const Broadcast& layout, cudaStream_t stream);

/// d[i] = dy[i] * d op(a, b)[i] / d(operand), or d[i] += with `accumulate`; not yet summed over the dimensions in which
/// the operand was broadcast.
///
///   dy, d [layout.elements]; d may be dy if they have the same type and not accumulating.   D: T, or acc_t<T>.
///
/// Where a == b, maximum gives half to each.
template <class T, class D>
void binary_backward(Binary op, Operand operand, const T* dy, const T* a, const T* b, D* d, const Broadcast& layout,
                     bool accumulate, cudaStream_t stream);

}  // namespace kernels
}  // namespace cucurbit
