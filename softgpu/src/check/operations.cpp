#include "operations.h"

#include <algorithm>
#include <deque>
#include <limits>

#include "report.h"
#include "running.h"
#include "start_over.h"

namespace softgpu::check {
namespace {

// Older operations count as ordered before everything.
constexpr size_t kMostOperations = 1 << 16;  // counts the parts of operations
constexpr size_t kMostBlockNames = 1 << 22;

struct History {
  std::deque<Operation> operations;
  size_t block_names = 0;
  bool open = false;
  bool begun = false;          // whether the current part has any accesses
  Seen before;                 // what is ordered before the current operation
  std::vector<uint64_t> last;  // the index of the last operation of each stream
};

History& history() {
  static History& history = *new History;
  return history;
}

void prune(History& h) {
  while (h.operations.size() > kMostOperations || (h.block_names > kMostBlockNames && h.operations.size() > 1)) {
    h.block_names -= h.operations.front().blocks.size();
    h.operations.pop_front();
  }
}

uint64_t seen_of(const Seen& seen, uint32_t stream) { return stream < seen.size() ? seen[stream] : 0; }

/// The number of operations, of all streams together, that are not ordered before the current one.
uint64_t unordered_operations(const History& h) {
  uint64_t count = 0;
  for (uint32_t stream = 0; stream < h.last.size(); ++stream) {
    const uint64_t seen = seen_of(h.before, stream);
    if (h.last[stream] > seen) count += h.last[stream] - seen;
  }
  return count;
}

/// The smallest serial number that may not be ordered before the current operation.
uint32_t least_unordered(const History& h, uint32_t serial) {
  uint64_t count = unordered_operations(h);
  const Operation* last = nullptr;  // a later part of the same operation
  for (auto it = h.operations.rbegin(); it != h.operations.rend(); ++it) {
    const bool another = last == nullptr || it->stream != last->stream || it->index != last->index;
    if (another && count == 0) break;
    last = &*it;
    if (ordered(h.before, it->stream, it->index)) continue;
    serial = it->serial;
    if (another) --count;
  }
  return serial;
}

void open(const Order& order) {
  History& h = history();
  prune(h);
  const uint32_t serial = next_serial();
  h.before = order.before;
  if (h.before.size() <= order.stream) h.before.resize(order.stream + 1);
  h.before[order.stream] = std::max(h.before[order.stream], order.index - 1);
  run_operation(serial, least_unordered(h, serial));
  h.operations.push_back({.serial = serial, .stream = order.stream, .index = order.index});
  if (h.last.size() <= order.stream) h.last.resize(order.stream + 1);
  h.last[order.stream] = std::max(h.last[order.stream], order.index);
  h.open = true;
  h.begun = false;
}

/// Begins a part of the operation, ordered after all earlier parts.
void begin_part(History& h) {
  flush_findings();
  prune(h);
  const uint32_t serial = next_serial();
  const bool all_ordered = running.ordered_below == running.operation;
  run_operation(serial, all_ordered ? serial : running.ordered_below);
  const Operation& before = h.operations.back();
  Operation part{.serial = serial, .stream = before.stream, .index = before.index, .site = before.site};
  h.operations.push_back(std::move(part));
  h.begun = false;
}

/// The order of an operation that was given none: after all others.
Order after_everything() {
  const Seen& last = history().last;
  return {kHostStream, last.empty() ? 1 : last[kHostStream] + 1, last};
}

}  // namespace

Operation& current_operation() { return history().operations.back(); }

Operation& begin_launch_part() {
  History& h = history();
  if (!h.open) open(after_everything());
  if (h.begun) begin_part(h);
  h.begun = true;
  return h.operations.back();
}

void begin_other_part() {
  History& h = history();
  if (!h.open) open(after_everything());
  if (h.operations.back().kernel != nullptr) begin_part(h);
  h.begun = true;
}

bool operation_open() { return history().open; }

void run_operation(uint32_t serial, uint32_t ordered_below) {
  running = {.when = uint64_t{serial} << 32, .serial = serial, .ordered_below = ordered_below, .operation = serial};
}

const Operation* find_operation(uint32_t serial) {
  const auto& operations = history().operations;
  const auto after = std::upper_bound(operations.begin(), operations.end(), serial,
                                      [](uint32_t s, const Operation& operation) { return s < operation.serial; });
  return after == operations.begin() ? nullptr : &*(after - 1);
}

bool operation_before(uint32_t serial) {
  const Operation* const operation = find_operation(serial);
  if (operation == nullptr || ordered(history().before, operation->stream, operation->index)) return true;
  const Operation& current = current_operation();
  return operation->stream == current.stream && operation->index == current.index;
}

void name_block(uint32_t serial, uint64_t index) {
  Operation& launch = current_operation();
  const uint32_t position = serial - launch.serial - 1;
  if (launch.blocks.empty()) {
    if (position == 0) launch.first_block = index;
    if (index == launch.first_block + position) return;
    for (uint32_t i = 0; i < position; ++i) launch.blocks.push_back(static_cast<uint32_t>(launch.first_block + i));
    history().block_names += position;
  }
  launch.blocks.push_back(static_cast<uint32_t>(index));
  ++history().block_names;
}

uint64_t block_index(const Operation& launch, uint32_t serial) {
  const uint32_t position = serial - launch.serial - 1;
  return position < launch.blocks.size() ? launch.blocks[position] : launch.first_block + position;
}

void forget_operations(uint32_t serial) {
  History& h = history();
  h.block_names = 0;
  if (!h.open) return h.operations.clear();
  Operation current = std::move(h.operations.back());
  h.operations.clear();
  current.serial = serial;
  current.blocks.clear();
  h.operations.push_back(std::move(current));
}

void begin_operation(const Order& order, const void* site) {
  open(order);
  current_operation().site = site;
}

void next_step() {
  if (history().open && history().begun) begin_part(history());
}

void end_operation() {
  flush_findings();
  history().open = history().begun = false;
  running = {};
}

}  // namespace softgpu::check
