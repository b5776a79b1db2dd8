#pragma once

#include <cstddef>
#include <cstdint>

#include "../order.h"
#include "cuda_runtime_api.h"

/// racecheck and initcheck: what the runtime tells them. The accesses themselves arrive from instrumented code, which
/// is compiled with -fsanitize=thread and linked without its runtime; access.cpp defines the functions it calls.
///
/// In builds without instrumented code `active()` is false and nothing else may be called.

namespace softgpu::check {

/// Whether the program holds instrumented code. Then blocks run one after the other on one OS thread, in thread mode.
bool active();

// --- A launch, as the scheduler goes through it -------------------------------------------------------------------

/// `cooperative`: its blocks take turns (switch_block); otherwise a block has ended when the next one begins.
void begin_launch(const void* kernel, dim3 grid, dim3 block, size_t dynamic_bytes, bool cooperative);
/// Threads are named by their linear index in the block from here on, blocks by their linear index in the grid. The
/// static shared memory of the block is that of the calling OS thread; `dynamic_shared` is null when there is none.
void begin_block(uint64_t block, const void* dynamic_shared);
/// This thread runs until the next call of run_thread or end_launch; kNoThread: the scheduler itself, nothing is
/// recorded.
inline constexpr unsigned kNoThread = ~0u;
void run_thread(unsigned thread);
/// Every live thread of the running block has arrived at its barrier: what they did is ordered.
void block_barrier();
/// The lanes of `mask` of this warp have met in __syncwarp.
void warp_barrier(unsigned warp, unsigned mask);
/// Every thread of a cooperative launch has arrived.
void grid_barrier();
/// Another block of a cooperative launch goes on, on the calling OS thread, which began it.
void switch_block(uint64_t block);
void end_launch();

// --- Memory, as the runtime handles it -----------------------------------------------------------------------------

void allocated(const void* address, size_t bytes);  ///< device memory, contents undefined
void freed(const void* address, size_t bytes);
/// A copy, a fill or a vendor routine, inside begin_operation and end_operation, reads or writes device memory.
void reads(const void* address, size_t bytes, const char* operation);
void writes(const void* address, size_t bytes, const char* operation);
/// Device to device: what was undefined stays so.
void copies(void* dst, const void* src, size_t bytes);

/// Everything between these, on the calling OS thread, is one operation of a stream. `site`: return address of the call
/// that asked for it.
void begin_operation(const Order& order, const void* site = nullptr);
void end_operation();
/// What follows comes after what the open operation has done so far: the next node of a graph.
void next_step();

}  // namespace softgpu::check
