#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "shadow.h"

/// Order by fences and atomics: the pattern by which the last block of a grid reads what the others wrote.
///
/// A fence takes a snapshot of what comes before it: the thread's own past and everything that it knows of other
/// threads. A later atomic or volatile write by that thread publishes the snapshot at the address that it writes.
/// Atomic updates by other threads add to what is published there; a plain atomic store replaces it. A thread that
/// reads the address atomically acquires what is published, and may rely on it after a fence or a barrier of its own.
/// __threadfence_block publishes to the thread's own block only.
///
/// Nothing here is allocated for kernels without fences.

namespace softgpu::check {

using Lanes = std::array<uint32_t, 32>;  ///< ticks of the lanes of a warp

struct Log;

/// The first `length` entries of a log.
struct Acquired {
  std::shared_ptr<const Log> log;
  size_t length;
};
using Knowledge = std::vector<Acquired>;

/// What came before a fence.
struct Snapshot {
  uint32_t serial;
  unsigned thread;
  uint32_t own, warp, block;     ///< ticks of the thread itself, of its whole warp and of its whole block
  std::unique_ptr<Lanes> lanes;  ///< ticks of the lanes of its warp; null when `warp` holds for all of them
  bool device;                   ///< whether it holds for other blocks too
  Knowledge acquired;
};

/// What was published at an address, in order.
struct Log {
  std::vector<std::shared_ptr<const Snapshot>> entries;
  std::unordered_map<uint32_t, std::vector<size_t>> by_block;  ///< positions of entries by serial number of the block
  std::vector<size_t> linked;                                  ///< positions of entries that had acquired something

  void append(std::shared_ptr<const Snapshot> entry);
};

/// The fences of the threads of a block, and what these threads have learned from others.
struct Fences {
  struct Thread {
    std::shared_ptr<const Snapshot> fence;  ///< the last one
    std::shared_ptr<const Log> published;   ///< where `fence` was last published
    Knowledge acquired, pending;            ///< `pending` was read, but no fence or barrier has followed yet
  };
  std::vector<Thread> threads;  ///< empty until one of them executes a fence or reads a log
  Knowledge block;              ///< what all threads of the block know

  bool used() const { return !threads.empty(); }
};

/// __threadfence (`device`) or __threadfence_block by the running thread.
void fence(bool device);

enum class AtomicKind { load, store, update };
/// An atomic or volatile access by the running thread. It is called for every such access, so it must be fast where
/// there are no fences.
void atomic_access(uintptr_t address, bool shared, AtomicKind kind);
/// An atomic with a memory order: release acts as a fence before it, acquire as a fence after it.
void release_before_atomic(bool device);
void acquire_after_atomic();

/// Barriers pass on to their threads what each of them has learned.
void merge_block(Fences& fences);
void merge_lanes(Fences& fences, unsigned first_thread, unsigned mask);

/// A new launch; a new block that reuses shared memory.
void forget_logs();
void forget_shared_logs();

}  // namespace softgpu::check
