#include "engine/nn/pooling.h"

#include <fmt/format.h>

#include "kernels/error.h"

namespace cucurbit {

Tensor Pool2d::forward(const Tensor& x, const ForwardContext&) { return pool2d(x, kind_, geometry_); }

Shape Pool2d::infer_shape(const Shape& input, Survey*) const { return pool2d_output_shape(input, geometry_); }

Tensor GlobalAveragePool::forward(const Tensor& x, const ForwardContext&) { return global_average_pool(x); }

Shape GlobalAveragePool::infer_shape(const Shape& input, Survey*) const {
  if (input.rank() != 4)
    throw Error(ErrorKind::input, fmt::format("[global_average_pool] input {}: expected [N,H,W,C]", to_string(input)));
  return {input[0], input[3]};
}

}  // namespace cucurbit
