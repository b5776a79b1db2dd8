#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "fences.h"
#include "shadow.h"

/// What orders the accesses of CUDA threads, and the state that an access is compared against.
///
/// Every block of every launch, and every copy, fill or vendor routine, has a serial number; every event that orders
/// something (a barrier, a __syncwarp, a fence) gets the next tick of one clock. An access carries the serial number of
/// its block and the tick of its thread's latest event. So what is known of a thread is one number, a tick: all its
/// accesses with smaller ones come before.
///
///   the same thread         program order
///   threads of a block      the block's barriers
///   lanes of a warp         also __syncwarp of the lanes named in the mask; shuffles and votes order nothing
///   blocks of a launch      nothing, but the grid barrier of a cooperative launch
///   any threads of a launch a fence, then an atomic or volatile write by the same thread; read by an atomic or
///   volatile
///                           read of another, then a fence or a barrier by that other (fences.h)
///   operations              the order of streams, events and the host (operations.h)
///
/// Two accesses of the same bytes race when one of them writes, they are not both atomic or volatile, and none of
/// these orders them. As blocks run one after the other here, an access is compared with all that came earlier,
/// whatever block it came from: what is reported does not depend on luck, but for one thing: of the reads since the
/// last write a cell remembers two.

namespace softgpu::check {

struct Warp {
  uint32_t met = 0;                              ///< tick of the last __syncwarp of all lanes
  std::unique_ptr<std::array<Lanes, 32>> known;  ///< [lane][other]: what partial ones told; null before the first
};

struct Block {
  uint32_t serial = 0;
  uint32_t at_barrier = 0;       ///< tick of the last barrier, or of the start
  std::vector<uint32_t> clocks;  ///< by thread: the tick of its own latest event, out of date before at_barrier
  std::vector<Warp> warps;
  Fences fences;
  const void* dynamic_shared = nullptr;
  std::vector<Page> shared;  ///< what is known of its shared memory

  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block();
};

/// The CUDA thread, or the operation, whose accesses come now.
struct Running {
  uint64_t who = 0;  ///< its thread, shifted to where Access has it
  uint64_t when = 0;
  uint32_t serial = 0;
  uint32_t at_barrier = 0;
  uint32_t ordered_below = 0;  ///< what has a smaller serial number comes before
  uint32_t operation = 0;      ///< serial number of the operation, and least one of its blocks
  uint32_t at_grid = 0;        ///< tick of the last grid barrier
  bool fenced = false;         ///< fences may have told the block something
  unsigned thread = 0;
  Block* block = nullptr;  ///< null in operations that are no launch
  Page* shared = nullptr;  ///< pages of the block's shared memory
};
extern Running running;

/// Whether the calling OS thread runs a CUDA thread.
extern constinit thread_local bool recording;

/// Where shared memory is: the program's thread-local variables, and what the launch asked for.
struct SharedRange {
  uintptr_t first = 0;
  size_t bytes = 0;
  size_t page = 0;  ///< index of its first page in Block::shared
};
extern SharedRange static_shared, dynamic_shared;

inline bool is_shared(uintptr_t address) {
  return address - static_shared.first < static_shared.bytes || address - dynamic_shared.first < dynamic_shared.bytes;
}

/// A bit for each byte of static_shared: set for the built-in variables, which are thread-local but not shared.
extern const uint64_t* built_in;

/// Counters that only grow, shared by all launches. When one is used up, everything is forgotten and they start again.
struct Counters {
  uint32_t serial = 0;
  uint32_t tick = 0;
};
extern Counters counters;

/// The running thread met something that orders: what it does from now on is told from what it did before.
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
