#include "engine/io/checksum.h"

#include <xxhash.h>

namespace cucurbit {

std::uint64_t checksum(std::span<const std::uint8_t> bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace cucurbit
