#pragma once

#include <cmath>
#include <string>

#include "support/hash.h"

namespace cucurbit::test {

/// A tensor of tests/values/models.json by its name and its shape in PyTorch, in PyTorch's order of elements.
inline std::vector<float> hashed_weights(const std::string& name, const std::vector<int64_t>& shape) {
  const uint32_t stream = fnv1a(name);
  size_t count = 1;
  for (const int64_t dim : shape) count *= size_t(dim);
  if (shape.size() > 1) return hashed(count, stream, std::sqrt(6.0 / double(count / size_t(shape[0]))));
  if (name.ends_with("running_var")) return hashed(count, stream, 0.3, 1);
  if (name.ends_with("weight")) return hashed(count, stream, 0.2, 1);
  return hashed(count, stream, 0.1);
}

}  // namespace cucurbit::test
