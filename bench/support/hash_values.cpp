#include "bench/support/hash_values.h"

namespace cucurbit::bench {

uint32_t hash_bits(uint32_t i, uint32_t stream) {
  uint32_t x = i + stream * 0x9E3779B9u;
  x = (x ^ x >> 16) * 0x7FEB352Du;
  x = (x ^ x >> 15) * 0x846CA68Bu;
  return x ^ x >> 16;
}

std::vector<float> hash_values(int64_t count, uint32_t stream, double scale, double offset) {
  std::vector<float> values(std::size_t(count), 0);
  for (int64_t i = 0; i < count; ++i)
    values[std::size_t(i)] = float(offset + scale * (hash_bits(uint32_t(i), stream) * 0x1p-31 - 1));
  return values;
}

std::vector<int32_t> hash_labels(int64_t rows, int classes) {
  std::vector<int32_t> labels(std::size_t(rows), 0);
  for (int64_t r = 0; r < rows; ++r) labels[std::size_t(r)] = int32_t(hash_bits(uint32_t(r), 101) % uint32_t(classes));
  return labels;
}

}  // namespace cucurbit::bench
