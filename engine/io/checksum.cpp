#include "engine/io/checksum.h"

#include <xxhash.h>

namespace cucurbit {

uint64_t checksum(std::span<const uint8_t> bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace cucurbit
