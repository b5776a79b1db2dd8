#pragma once

#include <cstdint>
#include <memory>
#include <vector>

/// Tells which operations of the device and of the host are ordered, by vector clocks over the streams. The clocks are
/// kept only while a checker is active or work is deferred (SOFTGPU_STRICT).

namespace softgpu {

/// A vector clock: Seen[s] operations of stream s are known to come before.
using Seen = std::vector<uint64_t>;

/// One operation of a stream.
struct Order {
  uint32_t stream;  ///< number of the stream; kHostStream is the host itself
  uint64_t index;   ///< counts the operations of that stream from 1
  Seen before;      ///< what is ordered before it
};
inline constexpr uint32_t kHostStream = 0;

/// Whether operation `index` of `stream` comes before an operation that has seen this.
inline bool ordered(const Seen& seen, uint32_t stream, uint64_t index) {
  return stream < seen.size() && seen[stream] >= index;
}

/// What is ordered before the host's current actions; it grows when the host synchronises. The host's own element is
/// the number of operations that it has enqueued so far, plus one: this is the index of its actions until the next
/// operation.
const Seen& host_seen();

// --- For the runtime, which holds device_mutex() for everything that follows ----------------------------------------

bool decide_whether_orders_are_kept();
/// Whether clocks are kept at all, which is decided once.
inline bool orders_kept() {
  static const bool kept = decide_whether_orders_are_kept();
  return kept;
}

enum class StreamKind { legacy, blocking, non_blocking };

/// The clock of one stream. Numbers of streams that are gone are reused once the host has waited for their work.
struct StreamClock {
  uint32_t number;
  StreamKind kind;
  Seen seen;  ///< what comes before the next operation, including everything in this stream
};

std::shared_ptr<StreamClock> make_clock(StreamKind kind);

/// The order of the next operation of a stream. It comes after `also`, after everything the host has done or waited
/// for, after what the stream holds and, between the legacy stream and blocking streams, after what the other side
/// holds.
Order next_operation(StreamClock& clock, const Seen& also = {});

/// The vector clock of the operation itself and everything before it.
Seen up_to(const Order& order);
/// Every operation of the device so far.
const Seen& everything();
/// The host has waited for all of `seen`.
void host_waits(const Seen& seen);

void join(Seen& seen, const Seen& other);

}  // namespace softgpu
