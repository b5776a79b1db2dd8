#include <algorithm>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>

#include "check.h"
#include "image.h"
#include "operations.h"
#include "report.h"
#include "running.h"
#include "start_over.h"

/// Follows a launch: which block and which thread is running, and what its barriers order.

namespace softgpu::check {

Running running;
constinit thread_local bool recording = false;
SharedRange static_shared, dynamic_shared;
const uint64_t* built_in;

namespace {

struct Launch {
  bool cooperative = false;
  bool alone = false;  ///< whether it began outside begin_operation and so is an operation by itself
  unsigned threads = 0;
  uint32_t at_grid = 0;  ///< tick of the last grid barrier
  // The live blocks by index in the grid. Only cooperative launches have any besides the running one.
  std::unordered_map<uint64_t, std::unique_ptr<Block>> blocks;
  std::unique_ptr<Block> spare;  ///< the record of a finished block, kept so that its memory is reused
};

Launch& launch() {
  static Launch& launch = *new Launch;
  return launch;
}

size_t pages_of(uintptr_t address, size_t bytes) {
  return bytes == 0 ? 0 : ((address + bytes - 1) >> kPageShift) - (address >> kPageShift) + 1;
}

/// Finds the shared memory of the calling OS thread. Each OS thread has its own: the blocks of a cooperative launch run
/// on several OS threads, which take turns.
void find_shared_memory(const void* dynamic) {
  const ThreadLocals& locals = thread_locals();
  static_shared = {locals.address, locals.bytes, 0};
  built_in = locals.built_in.data();
  dynamic_shared.page = pages_of(locals.address, locals.bytes);
  dynamic_shared.first = reinterpret_cast<uintptr_t>(dynamic);
}

void select_block(Block& block) {
  find_shared_memory(block.dynamic_shared);
  const size_t pages = dynamic_shared.page + pages_of(dynamic_shared.first, dynamic_shared.bytes);
  if (block.shared.size() < pages) block.shared.resize(pages);
  running.block = &block;
  running.serial = block.serial;
  running.at_barrier = block.at_barrier;
  running.shared = block.shared.data();
  running.at_grid = launch().at_grid;
  running.fenced = block.fences.used();
  recording = false;
}

/// Starts the record of a block. Ticks from earlier blocks need not be cleared: at_barrier is later than all of them.
void start_block(Block& block, uint64_t index) {
  const Launch& l = launch();
  block.serial = next_serial();
  block.at_barrier = next_tick();
  block.clocks.resize(l.threads);
  block.warps.resize((l.threads + 31) / 32);
  block.fences = {};
  name_block(block.serial, index);
}

/// The tick of the thread's latest event: its own, one of its whole warp, or a barrier of the block.
uint32_t clock_now(unsigned thread) {
  const Block& block = *running.block;
  return std::max({block.clocks[thread], block.warps[thread / 32].met, block.at_barrier});
}

void update_running() {
  running.at_barrier = running.block->at_barrier;
  running.when = uint64_t{running.serial} << 32 | clock_now(running.thread);
}

void pass_barrier(Block& block, uint32_t tick) {
  block.at_barrier = tick;
  if (block.fences.used()) merge_block(block.fences);
}

/// A __syncwarp of some lanes: each of them learns what any of them knew, and that all of them came here.
void meet_some(Warp& warp, unsigned mask, uint32_t tick) {
  if (warp.known == nullptr) warp.known = std::make_unique<std::array<Lanes, 32>>();
  Lanes together{};
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1) == 0) continue;
    const Lanes& known = (*warp.known)[lane];
    for (unsigned other = 0; other < 32; ++other) together[other] = std::max(together[other], known[other]);
  }
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1) != 0) together[lane] = tick;
  }
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1) != 0) (*warp.known)[lane] = together;
  }
}

}  // namespace

Block::~Block() {
  for (Page& page : shared) clear(page);
}

void begin_launch(const void* kernel, dim3 grid, dim3 block, size_t dynamic_bytes, bool cooperative) {
  Launch& l = launch();
  l.alone = !operation_open();
  Operation& operation = begin_launch_part();
  operation.kernel = kernel;
  operation.grid = grid;
  operation.block = block;
  l.cooperative = cooperative;
  l.threads = block.x * block.y * block.z;
  l.at_grid = 0;
  dynamic_shared.bytes = dynamic_bytes;
  forget_logs();
}

void begin_block(uint64_t index, const void* dynamic) {
  Launch& l = launch();
  if (!l.cooperative && !l.blocks.empty()) {
    l.spare = std::move(l.blocks.begin()->second);
    l.blocks.clear();
    forget_shared_logs();
  }
  std::unique_ptr<Block>& block = l.blocks[index];
  block = l.spare != nullptr ? std::move(l.spare) : std::make_unique<Block>();
  start_block(*block, index);
  block->dynamic_shared = dynamic;
  select_block(*block);
}

void switch_block(uint64_t block) { select_block(*launch().blocks.at(block)); }

void run_thread(unsigned thread) {
  recording = thread != kNoThread;
  if (!recording) return;
  running.thread = thread;
  running.who = uint64_t{thread} << kThreadShift;
  update_running();
}

void block_barrier() {
  pass_barrier(*running.block, next_tick());
  update_running();
}

void warp_barrier(unsigned warp, unsigned mask) {
  Block& block = *running.block;
  const uint32_t tick = next_tick();
  const unsigned first = warp * 32, lanes = std::min(launch().threads - first, 32u);
  if (mask == ~0u >> (32 - lanes)) {
    block.warps[warp].met = tick;
  } else {
    meet_some(block.warps[warp], mask, tick);
    for (unsigned lane = 0; lane < lanes; ++lane) {
      if ((mask >> lane & 1) != 0) block.clocks[first + lane] = tick;
    }
  }
  if (block.fences.used()) merge_lanes(block.fences, first, mask);
  update_running();
}

void grid_barrier() {
  Launch& l = launch();
  l.at_grid = next_tick();
  for (auto& [index, block] : l.blocks) pass_barrier(*block, l.at_grid);
  running.at_grid = l.at_grid;
  update_running();
}

void end_launch() {
  Launch& l = launch();
  recording = false;
  flush_findings();
  if (!l.blocks.empty()) l.spare = std::move(l.blocks.begin()->second);
  l.blocks.clear();
  if (l.alone) return end_operation();
  run_operation(running.operation, running.ordered_below);
}

void advance_thread() {
  const uint32_t tick = next_tick();
  running.block->clocks[running.thread] = tick;
  update_running();
}

bool learned_in_warp(const Access& earlier) {
  const unsigned thread = thread_of(earlier);
  const Warp& warp = running.block->warps[thread / 32];
  const uint32_t clock = clock_of(earlier);
  return clock < warp.met || (warp.known != nullptr && clock < (*warp.known)[running.thread % 32][thread % 32]);
}

void renumber_blocks() {
  Launch& l = launch();
  l.at_grid = 0;
  l.spare.reset();
  for (auto& [index, block] : l.blocks) {
    std::fill(block->clocks.begin(), block->clocks.end(), 0);
    for (Warp& warp : block->warps) warp = {};
    block->fences = {};
    const uint32_t before = std::exchange(block->serial, ++counters.serial);
    block->at_barrier = ++counters.tick;
    for (Page& page : block->shared) {
      forget(page, 0, kPageBytes);
      page.block = page.block == before ? block->serial : 0;
    }
    name_block(block->serial, index);
  }
  if (operation_open()) running.operation = running.ordered_below = current_operation().serial;
  if (running.block != nullptr) {
    running.serial = running.block->serial;
    running.at_grid = 0;
    running.fenced = false;
    update_running();
  }
}

}  // namespace softgpu::check
