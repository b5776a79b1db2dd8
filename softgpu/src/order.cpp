#include "order.h"

#include <algorithm>

#include "check/check.h"
#include "stream.h"
#include "strict.h"

/// Vector clocks of streams and of the host.

namespace softgpu {
namespace {

struct Clocks {
  Seen host{1};
  Seen issued{0};         // everything that was enqueued, of each stream
  Seen legacy, blocking;  // what was enqueued to the legacy stream, and to all blocking streams together
  std::vector<uint32_t> retired;
};

Clocks& clocks() {
  static Clocks& all = *new Clocks;  // never destroyed, because streams of static objects and threads may outlive it
  return all;
}

/// The number of a stream that is gone and whose operations the host has all waited for. It can be reused, because
/// whatever is enqueued from now on comes after them anyway.
uint32_t free_number() {
  Clocks& all = clocks();
  const auto found = std::find_if(all.retired.begin(), all.retired.end(),
                                  [&](uint32_t number) { return ordered(all.host, number, all.issued[number]); });
  if (found == all.retired.end()) {
    all.issued.push_back(0);
    return static_cast<uint32_t>(all.issued.size() - 1);
  }
  const uint32_t number = *found;
  all.retired.erase(found);
  return number;
}

}  // namespace

const Seen& host_seen() { return clocks().host; }

bool decide_whether_orders_are_kept() { return strict() || check::active(); }

std::shared_ptr<StreamClock> make_clock(StreamKind kind) {
  return {new StreamClock{free_number(), kind, {}}, [](StreamClock* clock) {
            std::lock_guard lock(device_mutex());
            clocks().retired.push_back(clock->number);
            delete clock;
          }};
}

Order next_operation(StreamClock& clock, const Seen& also) {
  Clocks& all = clocks();
  join(clock.seen, all.host);
  join(clock.seen, also);
  if (clock.kind == StreamKind::legacy) join(clock.seen, all.blocking);
  if (clock.kind == StreamKind::blocking) join(clock.seen, all.legacy);
  clock.seen.resize(std::max<size_t>(clock.seen.size(), clock.number + 1));
  Order order{clock.number, ++all.issued[clock.number], clock.seen};
  clock.seen[clock.number] = order.index;
  if (clock.kind == StreamKind::legacy) all.legacy = clock.seen;
  if (clock.kind == StreamKind::blocking) join(all.blocking, clock.seen);
  ++all.host[kHostStream];
  return order;
}

Seen up_to(const Order& order) {
  Seen seen = order.before;
  seen[order.stream] = order.index;  // `before` always reaches to the stream of its own operation
  return seen;
}

const Seen& everything() { return clocks().issued; }

void host_waits(const Seen& seen) { join(clocks().host, seen); }

void join(Seen& seen, const Seen& other) {
  if (seen.size() < other.size()) seen.resize(other.size());
  for (size_t i = 0; i < other.size(); ++i) seen[i] = std::max(seen[i], other[i]);
}

}  // namespace softgpu
