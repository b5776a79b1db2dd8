#include "engine/nn/flatten.h"

#include "kernels/error.h"

namespace cucurbit {

Tensor Flatten::forward(const Tensor& x, const ForwardContext&) { return x.reshape(output_shape(x.shape())); }

Shape Flatten::infer_shape(const Shape& input, Survey*) const {
  if (input.rank() < 1) throw Error(ErrorKind::input, "[flatten] a scalar has no batch dimension");
  int64_t features = 1;
  for (int axis = 1; axis < input.rank(); ++axis) features *= input[axis];
  return {input[0], features};
}

}  // namespace cucurbit
