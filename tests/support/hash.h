#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

/// Numbers that are the same in every language: tests/values/README.md has the formulas.
namespace cucurbit::test {

inline uint32_t hash(uint32_t i, uint32_t stream) {
  uint32_t x = i + stream * 0x9E3779B9u;
  x = (x ^ x >> 16) * 0x7FEB352Du;
  x = (x ^ x >> 15) * 0x846CA68Bu;
  return x ^ x >> 16;
}

/// In [-1, 1).
inline double uniform(uint32_t i, uint32_t stream) { return hash(i, stream) / 2147483648.0 - 1; }

/// offset + scale * uniform(i, stream) for i < count, rounded to float32.
inline std::vector<float> hashed(size_t count, uint32_t stream, double scale = 1, double offset = 0) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = float(offset + scale * uniform(uint32_t(i), stream));
  return values;
}

/// hash >> 24 for i < count.
inline std::vector<uint8_t> hashed_bytes(size_t count, uint32_t stream) {
  std::vector<uint8_t> bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = uint8_t(hash(uint32_t(i), stream) >> 24);
  return bytes;
}

/// FNV-1a, 32 bits.
inline uint32_t fnv1a(std::string_view text) {
  uint32_t value = 2166136261u;
  for (const char c : text) value = (value ^ uint8_t(c)) * 16777619u;
  return value;
}

}  // namespace cucurbit::test
