#pragma once

#include <cstdint>
#include <vector>

/// Which operations of the device and of the host are ordered: vector clocks over streams. Kept only while a checker
/// is active.

namespace softgpu {

/// Seen[s]: how many operations of stream s are known to come before.
using Seen = std::vector<uint64_t>;

/// One operation of a stream.
struct Order {
  uint32_t stream;  ///< small number of the stream; kHostStream is the host itself
  uint64_t index;   ///< counts the operations of that stream from 1
  Seen before;      ///< what is ordered before it
};
inline constexpr uint32_t kHostStream = 0;

/// Whether operation `index` of `stream` comes before an operation that has seen this.
inline bool ordered(const Seen& seen, uint32_t stream, uint64_t index) {
  return stream < seen.size() && seen[stream] >= index;
}

/// What is ordered before what the host does now: grows when it synchronises.
const Seen& host_seen();

}  // namespace softgpu
