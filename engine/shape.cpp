#include "engine/shape.h"

#include <fmt/format.h>

#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {

Shape::Shape(std::span<const int64_t> dims) : rank_(int(dims.size())) {
  if (dims.size() > dims_.size())
    throw Error(ErrorKind::bug, fmt::format("[shape] {} dimensions: expected at most {}", dims.size(), dims_.size()));
  for (int i = 0; i < rank_; ++i) {
    dims_[i] = dims[i];
    if (dims[i] < 0 || __builtin_mul_overflow(size_, dims[i], &size_))
      throw Error(ErrorKind::input, fmt::format("[shape] impossible size: [{}]: every dimension must be at least 0 and "
                                                "the product below 2^63",
                                                join(dims, ",")));
  }
}

int64_t Shape::operator[](int axis) const {
  const int at = axis < 0 ? axis + rank_ : axis;
  if (at < 0 || at >= rank_)
    throw Error(ErrorKind::bug, fmt::format("[shape] there is no axis {} in {}", axis, to_string(*this)));
  return dims_[at];
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", join(shape.dims(), ",")); }

}  // namespace cucurbit
