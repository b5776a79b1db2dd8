#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "fences.h"
#include "shadow.h"

/// What orders the accesses of CUDA threads, and the state that an access is compared against.
///
/// Every block of every launch, and every copy, fill or vendor routine, has a serial number. Every event that orders
/// something (a barrier, a __syncwarp, a fence) gets the next tick of one clock. An access carries the serial number of
/// its block and the tick of its thread's latest event. What is known about another thread is therefore one number, a
/// tick: all its accesses with smaller ticks come before.
///
///   the same thread         program order
///   threads of a block      the block's barriers
///   lanes of a warp         also __syncwarp of the lanes named in the mask; shuffles and votes order nothing
///   blocks of a launch      nothing, but the grid barrier of a cooperative launch
///   any threads of a launch a fence, then an atomic or volatile write by the same thread, which another thread reads
///                           atomically or as volatile, then a fence or a barrier by the reader (fences.h)
///   operations              the order of streams, events and the host (operations.h)
///
/// Two accesses to the same bytes race when at least one of them writes, they are not both atomic or volatile, and none
/// of the rules above orders them. Blocks run one after the other here, so an access is compared with all earlier ones,
/// whatever block made them, and what is reported does not depend on timing. There is one limit: of the reads since the
/// last write, a cell remembers only two.

namespace softgpu::check {

struct Warp {
  uint32_t met = 0;                              ///< tick of the last __syncwarp of all lanes
  std::unique_ptr<std::array<Lanes, 32>> known;  ///< [lane][other]: what partial ones told; null before the first
};

struct Block {
  uint32_t serial = 0;
  uint32_t at_barrier = 0;       ///< tick of the last barrier, or of the start
  std::vector<uint32_t> clocks;  ///< by thread: the tick of its latest event; values before at_barrier are out of date
  std::vector<Warp> warps;
  Fences fences;
  const void* dynamic_shared = nullptr;
  std::vector<Page> shared;  ///< what is known of its shared memory

  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block();
};

/// The CUDA thread, or the operation, that makes the accesses from now on.
struct Running {
  uint64_t who = 0;  ///< the index of the thread, shifted to its position in Access::who
  uint64_t when = 0;
  uint32_t serial = 0;
  uint32_t at_barrier = 0;
  uint32_t ordered_below = 0;  ///< accesses with a smaller serial number come before
  uint32_t operation = 0;      ///< serial number of the operation; those of its blocks follow it
  uint32_t at_grid = 0;        ///< tick of the last grid barrier
  bool fenced = false;         ///< whether the block may have learned something through fences
  unsigned thread = 0;
  Block* block = nullptr;  ///< null in operations other than launches
  Page* shared = nullptr;  ///< pages of the block's shared memory
};
extern Running running;

/// Whether the calling OS thread runs a CUDA thread.
extern constinit thread_local bool recording;

/// A range of shared memory: the program's thread-local variables, or the dynamic shared memory of the launch.
struct SharedRange {
  uintptr_t first = 0;
  size_t bytes = 0;
  size_t page = 0;  ///< index of its first page in Block::shared
};
extern SharedRange static_shared, dynamic_shared;

inline bool is_shared(uintptr_t address) {
  return address - static_shared.first < static_shared.bytes || address - dynamic_shared.first < dynamic_shared.bytes;
}

/// A bitmap of the bytes of static_shared, set for the built-in variables, which are thread-local but not shared
/// memory.
extern const uint64_t* built_in;

/// Counters that only grow, shared by all launches. When one overflows, all accesses are forgotten and both start
/// again.
struct Counters {
  uint32_t serial = 0;
  uint32_t tick = 0;
};
extern Counters counters;

/// The running thread executed something that orders: its later accesses are distinguished from its earlier ones.
void advance_thread();

/// The parts of `comes_before` that are seldom needed.
bool learned_in_warp(const Access& earlier);
bool learned_by_fences(const Access& earlier);
bool operation_before(uint32_t serial);

inline bool before_in_block(const Access& earlier) {
  if (clock_of(earlier) < running.at_barrier) return true;
  const uint64_t difference = earlier.who ^ running.who;
  if ((difference & kThreadMask) == 0) return true;
  if ((difference & kWarpMask) == 0 && learned_in_warp(earlier)) return true;
  return running.fenced && learned_by_fences(earlier);
}

/// Whether an earlier access is ordered before what the running thread does now.
inline bool comes_before(const Access& earlier, bool shared) {
  const uint32_t serial = serial_of(earlier);
  if (serial == running.serial) return before_in_block(earlier);
  if (shared || serial < running.ordered_below) return true;
  if (serial < running.operation) return operation_before(serial);
  return clock_of(earlier) < running.at_grid || (running.fenced && learned_by_fences(earlier));
}

}  // namespace softgpu::check
