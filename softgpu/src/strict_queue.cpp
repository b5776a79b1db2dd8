#include <algorithm>
#include <cstdlib>
#include <deque>

#include "check/check.h"
#include "memory.h"
#include "stream.h"
#include "strict.h"
#include "threads/seed.h"

/// The queues of deferred work. An operation may run once everything before it in its order has run. Where that leaves
/// a choice, SOFTGPU_SEED decides: 0, the default, runs the operation that was enqueued last and nothing that is not
/// waited for, which is what programs expect least; other seeds choose at random.

namespace softgpu {
namespace {

constexpr size_t kMostPending = 1024;

struct Operation {
  Order order;
  uint64_t serial;                       // number among all operations
  const void* site;                      // return address of the call that asked for it
  std::vector<const void*> allocations;  // memory that it is known to access
  std::function<void()> work;
};

struct Queues {
  std::vector<std::deque<Operation>> of_stream;
  Seen done;
  size_t pending = 0;
  uint64_t last_serial = 0;
};

Queues& queues() {
  static Queues& all = *new Queues;
  return all;
}

constinit thread_local bool inside = false;

/// splitmix64
uint64_t random_number() {
  static uint64_t state = random_seed();
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// The queue of the stream whose first operation runs next on the way to `seen`.
std::deque<Operation>& choose(const Seen& seen) {
  std::vector<std::deque<Operation>*> needed, all;
  for (auto& queue : queues().of_stream) {
    if (queue.empty() || !complete(queue.front().order.before)) continue;
    all.push_back(&queue);
    if (ordered(seen, queue.front().order.stream, queue.front().order.index)) needed.push_back(&queue);
  }
  if (random_seed() == 0) {
    return **std::max_element(needed.begin(), needed.end(),
                              [](const auto* a, const auto* b) { return a->front().serial < b->front().serial; });
  }
  const auto& choices = random_number() % 4 == 0 ? all : needed;
  return *choices[random_number() % choices.size()];
}

cudaError_t run_next(const Seen& seen) {
  std::deque<Operation>& queue = choose(seen);
  const Operation operation = std::move(queue.front());
  queue.pop_front();
  --queues().pending;
  {
    std::lock_guard lock(memory_mutex());
    open_allocations(operation.allocations);
  }
  const cudaError_t error = run_operation(operation.order, operation.site, operation.work);
  Seen& done = queues().done;
  done.resize(std::max<size_t>(done.size(), operation.order.stream + 1));
  done[operation.order.stream] = operation.order.index;
  {
    std::lock_guard lock(memory_mutex());
    remove_pinned_uses(operation.serial);
  }
  if (device_failure() == cudaSuccess) return error;
  drop_pending();
  return device_failure();
}

/// Runs work until all of `seen` or at most `most` operations have run. Returns the first error.
cudaError_t run(const Seen& seen, uint64_t most) {
  const DeviceAccess access;
  cudaError_t first = cudaSuccess;
  for (uint64_t i = 0; i < most && !complete(seen); ++i) {
    const cudaError_t error = run_next(seen);
    if (first == cudaSuccess) first = error;
  }
  return first;
}

/// The operation that was enqueued first among those that are left.
const Operation& oldest() {
  const Operation* first = nullptr;
  for (const auto& queue : queues().of_stream) {
    if (!queue.empty() && (first == nullptr || queue.front().serial < first->serial)) first = &queue.front();
  }
  return *first;
}

}  // namespace

bool read_strict_setting() {
  const char* text = std::getenv("SOFTGPU_STRICT");
  return text != nullptr && text[0] == '1' && text[1] == '\0';
}

bool inside_operation() { return inside; }

cudaError_t run_operation(const Order& order, const void* site, const std::function<void()>& work) {
  if (check::active()) check::begin_operation(order, site);
  inside = true;
  const cudaError_t error = run_guarded(work);
  inside = false;
  if (check::active()) check::end_operation();
  return error;
}

cudaError_t defer(Order order, Submission submission, std::function<void()> work) {
  Queues& all = queues();
  const uint64_t serial = ++all.last_serial;
  std::vector<const void*> allocations;
  {
    std::lock_guard lock(memory_mutex());
    add_pinned_uses(serial, submission);
    allocations = allocations_of(submission);
  }
  all.of_stream.resize(std::max<size_t>(all.of_stream.size(), order.stream + 1));
  const uint32_t stream = order.stream;
  all.of_stream[stream].push_back({std::move(order), serial, submission.site, std::move(allocations), std::move(work)});
  cudaError_t error = cudaSuccess;
  for (++all.pending; all.pending > kMostPending && error == cudaSuccess;) error = run_until(up_to(oldest().order));
  return error;
}

bool complete(const Seen& seen) {
  for (size_t s = kHostStream + 1; s < seen.size(); ++s) {
    if (seen[s] > 0 && !ordered(queues().done, static_cast<uint32_t>(s), seen[s])) return false;
  }
  return true;
}

cudaError_t run_until(const Seen& seen) { return complete(seen) ? cudaSuccess : run(seen, UINT64_MAX); }

cudaError_t run_some(const Seen& seen) {
  if (complete(seen)) return cudaSuccess;
  return run(seen, random_seed() == 0 ? 1 : 1 + random_number() % 3);
}

void drop_pending() {
  Queues& all = queues();
  const auto dropped = std::move(all.of_stream);  // destroyed last: work may own graphs, whose destructors free memory
  all.of_stream.clear();
  all.pending = 0;
  all.done = everything();
  std::lock_guard lock(memory_mutex());
  forget_pinned_uses();
}

}  // namespace softgpu
