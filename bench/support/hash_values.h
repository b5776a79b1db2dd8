#pragma once

#include <cstdint>
#include <vector>

/// Numbers that a program in any language can reproduce exactly: bench/peers/README.md, "Steps".
namespace cucurbit::bench {

/// 32 bits of the i-th value of a stream.
uint32_t hash_bits(uint32_t i, uint32_t stream);

/// offset + scale * u(i, stream) for i < count, u in [-1, 1); computed in double, rounded once.
std::vector<float> hash_values(int64_t count, uint32_t stream, double scale = 1, double offset = 0);

/// hash_bits(row, 101) mod classes.
std::vector<int32_t> hash_labels(int64_t rows, int classes);

}  // namespace cucurbit::bench
