#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "kernels/dtype.h"

namespace cucurbit {

/// product(shape) * size_of(dtype); nothing for a negative extent or where the product does not fit into 64 bits.
inline std::optional<uint64_t> byte_size(DType dtype, std::span<const int64_t> shape) {
  uint64_t size = size_of(dtype);
  for (const int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(size, uint64_t(extent), &size)) return std::nullopt;
  }
  return size;
}

}  // namespace cucurbit
