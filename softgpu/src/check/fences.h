#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "shadow.h"

/// Order by fences and atomics: the pattern by which the last block of a grid reads what the others wrote.
///
/// A fence by a thread takes down what comes before it: its own past and all that it knows. An atomic or volatile write
/// by that thread, later, publishes that at its address; atomic updates by others add to it, a plain atomic store
/// replaces it. Who reads the address atomically gets it, and may rely on it after a fence or a barrier of its own.
/// __threadfence_block publishes to the own block only.
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
  uint32_t own, warp, block;     ///< ticks: the thread itself, its whole warp, its whole block
  std::unique_ptr<Lanes> lanes;  ///< of its warp; null when `warp` says it all
  bool device;                   ///< for other blocks too
  Knowledge acquired;
};

/// What was published at an address, in order.
struct Log {
  std::vector<std::shared_ptr<const Snapshot>> entries;
  std::unordered_map<uint32_t, std::vector<size_t>> by_block;  ///< serial number: positions
  std::vector<size_t> linked;                                  ///< positions of entries that acquired something

  void append(std::shared_ptr<const Snapshot> entry);
};

/// What the threads of a block have fenced, and learned from others.
struct Fences {
  struct Thread {
    std::shared_ptr<const Snapshot> fence;  ///< its last one
    std::shared_ptr<const Log> published;   ///< where `fence` went last
    Knowledge acquired, pending;            ///< pending: read, but no fence or barrier followed
  };
  std::vector<Thread> threads;  ///< empty until one of them meets a fence or a log
  Knowledge block;              ///< what all of them know

  bool used() const { return !threads.empty(); }
};

/// __threadfence (`device`) or __threadfence_block by the running thread.
void fence(bool device);

enum class AtomicKind { load, store, update };
/// An atomic or volatile access by the running thread; called for every one, so quick where no fence is about.
void atomic_access(uintptr_t address, bool shared, AtomicKind kind);
/// One that carries an order of its own: as with a fence before it (release), after it (acquire).
void release_before_atomic(bool device);
void acquire_after_atomic();

/// Barriers pass on what was learned.
void merge_block(Fences& fences);
void merge_lanes(Fences& fences, unsigned first_thread, unsigned mask);

/// A new launch; a new block that reuses shared memory.
void forget_logs();
void forget_shared_logs();

}  // namespace softgpu::check
