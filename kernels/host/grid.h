#pragma once

#include <cstdint>

namespace cucurbit {

/// Blocks of `per_block` items that cover n.
inline int64_t blocks_for(int64_t n, int64_t per_block) { return (n + per_block - 1) / per_block; }

}  // namespace cucurbit
