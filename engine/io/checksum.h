#pragma once

#include <cstdint>
#include <span>

namespace cucurbit {

/// The 64-bit hash XXH3: it detects damage and finds equal data, at the speed of memory. `seed`: the checksum of the
/// data before these, to continue it.
uint64_t checksum(std::span<const uint8_t> bytes, uint64_t seed = 0);

}  // namespace cucurbit
