#include "fences.h"

#include <algorithm>
#include <map>
#include <utility>

#include "running.h"

/// Snapshots, logs and the search through them.

namespace softgpu::check {
namespace {

struct Place {
  uintptr_t address;
  uint32_t block;  ///< serial number of the block for shared memory, otherwise 0

  bool operator==(const Place&) const = default;
};
struct PlaceHash {
  size_t operator()(const Place& place) const { return (place.address ^ place.block) * 0x9e3779b97f4a7c15u; }
};
using Logs = std::unordered_map<Place, std::shared_ptr<Log>, PlaceHash>;

// Never destroyed, because kernels may run while the program ends.
Logs& global_logs() {
  static Logs& logs = *new Logs;
  return logs;
}
Logs& shared_logs() {
  static Logs& logs = *new Logs;
  return logs;
}

void add(Knowledge& knowledge, const Acquired& more) {
  for (Acquired& known : knowledge) {
    if (known.log != more.log) continue;
    known.length = std::max(known.length, more.length);
    return;
  }
  knowledge.push_back(more);
}

void add(Knowledge& knowledge, const Knowledge& more) {
  for (const Acquired& one : more) add(knowledge, one);
}

Fences::Thread& open_thread(Block& block) {
  if (!block.fences.used()) block.fences.threads.resize(block.clocks.size());
  running.fenced = true;
  return block.fences.threads[running.thread];
}

/// A fence or a barrier by the thread turns what it has read into what it may rely on.
void settle(Fences::Thread& thread) {
  add(thread.acquired, thread.pending);
  thread.pending.clear();
}

std::shared_ptr<const Snapshot> take_snapshot(const Block& block, const Fences::Thread& self, bool device) {
  const Warp& warp = block.warps[running.thread / 32];
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->serial = block.serial;
  snapshot->thread = running.thread;
  snapshot->own = block.clocks[running.thread];
  snapshot->warp = warp.met;
  snapshot->block = block.at_barrier;
  snapshot->device = device;
  snapshot->acquired = block.fences.block;
  add(snapshot->acquired, self.acquired);
  if (warp.known != nullptr) snapshot->lanes = std::make_unique<Lanes>((*warp.known)[running.thread % 32]);
  return snapshot;
}

/// Whether an access by a thread of the block that took the snapshot came before it.
bool covers(const Snapshot& snapshot, const Access& access) {
  const uint32_t clock = clock_of(access);
  const unsigned thread = thread_of(access);
  if (clock < snapshot.block) return true;
  if (thread == snapshot.thread) return clock < snapshot.own;
  if (thread / 32 != snapshot.thread / 32) return false;
  return clock < snapshot.warp || (snapshot.lanes != nullptr && clock < (*snapshot.lanes)[thread % 32]);
}

/// How much of each log a search has visited, and on behalf of which block.
using Visited = std::map<std::pair<const Log*, uint32_t>, size_t>;

/// Whether the knowledge of a thread of block `holder` includes the access.
bool knows(const Knowledge& knowledge, uint32_t holder, const Access& access, Visited& visited) {
  for (const auto& [log, length] : knowledge) {
    size_t& seen = visited[{log.get(), holder}];
    if (seen >= length) continue;
    const size_t from = seen;
    seen = length;
    const auto usable = [&, length = length](const Snapshot& entry, size_t position) {
      return position >= from && position < length && (entry.device || entry.serial == holder);
    };
    if (const auto found = log->by_block.find(serial_of(access)); found != log->by_block.end()) {
      for (const size_t position : found->second) {
        const Snapshot& entry = *log->entries[position];
        if (usable(entry, position) && covers(entry, access)) return true;
      }
    }
    for (const size_t position : log->linked) {
      const Snapshot& entry = *log->entries[position];
      if (usable(entry, position) && knows(entry.acquired, entry.serial, access, visited)) return true;
    }
  }
  return false;
}

void publish(std::shared_ptr<Log>& log, Fences::Thread& self) {
  if (log != nullptr && self.published == log) return;  // its last fence is published there already
  if (log == nullptr) log = std::make_shared<Log>();
  log->append(self.fence);
  self.published = log;
}

}  // namespace

void Log::append(std::shared_ptr<const Snapshot> entry) {
  by_block[entry->serial].push_back(entries.size());
  if (!entry->acquired.empty()) linked.push_back(entries.size());
  entries.push_back(std::move(entry));
}

void release_before_atomic(bool device) {
  Block& block = *running.block;
  advance_thread();
  Fences::Thread& self = open_thread(block);
  self.fence = take_snapshot(block, self, device);
  self.published = nullptr;
}

void acquire_after_atomic() {
  Fences& fences = running.block->fences;
  if (fences.used()) settle(fences.threads[running.thread]);
}

void fence(bool device) {
  acquire_after_atomic();
  release_before_atomic(device);
}

void atomic_access(uintptr_t address, bool shared, AtomicKind kind) {
  Block& block = *running.block;
  Logs& logs = shared ? shared_logs() : global_logs();
  if (logs.empty() && !block.fences.used()) return;
  const Place place{address, shared ? block.serial : 0};
  if (const auto found = logs.find(place); found != logs.end()) {
    if (kind == AtomicKind::store) {
      logs.erase(found);
    } else {
      add(open_thread(block).pending, {found->second, found->second->entries.size()});
    }
  }
  if (kind == AtomicKind::load || !block.fences.used()) return;
  Fences::Thread& self = block.fences.threads[running.thread];
  if (self.fence != nullptr) publish(logs[place], self);
}

bool learned_by_fences(const Access& earlier) {
  const Fences& fences = running.block->fences;
  Visited visited;
  return knows(fences.threads[running.thread].acquired, running.serial, earlier, visited) ||
         knows(fences.block, running.serial, earlier, visited);
}

void merge_block(Fences& fences) {
  for (Fences::Thread& thread : fences.threads) {
    settle(thread);
    add(fences.block, thread.acquired);
    thread.acquired.clear();
  }
}

void merge_lanes(Fences& fences, unsigned first_thread, unsigned mask) {
  Knowledge together;
  const auto for_each_lane = [&](auto visit) {
    for (unsigned lane = 0; lane < 32; ++lane) {
      if ((mask >> lane & 1) != 0 && first_thread + lane < fences.threads.size()) {
        visit(fences.threads[first_thread + lane]);
      }
    }
  };
  for_each_lane([&](Fences::Thread& thread) {
    settle(thread);
    add(together, thread.acquired);
  });
  for_each_lane([&](Fences::Thread& thread) { thread.acquired = together; });
}

void forget_logs() {
  global_logs().clear();
  shared_logs().clear();
}

void forget_shared_logs() { shared_logs().clear(); }

}  // namespace softgpu::check
