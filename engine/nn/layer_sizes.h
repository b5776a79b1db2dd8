#pragma once

#include <fmt/format.h>

#include <initializer_list>

#include "kernels/error.h"

namespace cucurbit {

/// Throws Error usage naming `layer` for a size below 1.
inline void expect_positive(const char* layer, std::initializer_list<int64_t> sizes) {
  for (int64_t size : sizes)
    if (size < 1)
      throw Error(ErrorKind::usage, fmt::format("[{}] size {}: layer sizes must be at least 1", layer, size));
}

}  // namespace cucurbit
