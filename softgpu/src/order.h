#pragma once

#include <cstdint>
#include <memory>
#include <vector>

/// Which operations of the device and of the host are ordered: vector clocks over streams. Kept only while a checker
/// is active or work is deferred (SOFTGPU_STRICT).

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

/// What is ordered before what the host does now: grows when it synchronises. The element of the host itself counts
/// what it has enqueued so far, plus one: the name of what it does until it enqueues the next operation.
const Seen& host_seen();

// --- For the runtime, which holds device_mutex() for all that follows -----------------------------------------------

bool decide_whether_orders_are_kept();
/// Whether clocks are kept at all; decided once.
inline bool orders_kept() {
  static const bool kept = decide_whether_orders_are_kept();
  return kept;
}

enum class StreamKind { legacy, blocking, non_blocking };

/// The order of one stream. Numbers of streams that are gone are used again once the host has waited for their work.
struct StreamClock {
  uint32_t number;
  StreamKind kind;
  Seen seen;  ///< what comes before the next operation, all of this stream included
};

std::shared_ptr<StreamClock> make_clock(StreamKind kind);

/// The next operation of a stream, which also comes after `also`: after all the host has seen and done, what the stream
/// holds, and, between the legacy stream and blocking ones, what the other side holds.
Order next_operation(StreamClock& clock, const Seen& also = {});

/// The operation itself and everything before it.
Seen up_to(const Order& order);
/// Every operation of the device so far.
const Seen& everything();
/// The host has waited for all of `seen`.
void host_waits(const Seen& seen);

void join(Seen& seen, const Seen& other);

}  // namespace softgpu
