#pragma once

#include <cstddef>
#include <cstdint>

#include "../order.h"
#include "cuda_runtime_api.h"

/// The interface through which the runtime informs racecheck and initcheck. The accesses themselves are reported by
/// instrumented code, which is compiled with -fsanitize=thread and linked without ThreadSanitizer's runtime; access.cpp
/// defines the functions that it calls.
///
/// In builds without instrumented code `active()` is false and nothing else may be called.

namespace softgpu::check {

/// Whether the program contains instrumented code. If so, blocks run one after the other on one OS thread, in thread
/// mode.
bool active();

// --- A launch, as the scheduler runs it ----------------------------------------------------------------------------

/// The blocks of a cooperative launch take turns (switch_block); otherwise each block ends before the next one begins.
void begin_launch(const void* kernel, dim3 grid, dim3 block, size_t dynamic_bytes, bool cooperative);
/// From here on threads are identified by their linear index in the block, and blocks by their linear index in the
/// grid. The static shared memory of the block is that of the calling OS thread; `dynamic_shared` is null when there is
/// none.
void begin_block(uint64_t block, const void* dynamic_shared);
/// The thread runs until the next call of run_thread or end_launch. With kNoThread the scheduler itself runs, and
/// nothing is recorded.
inline constexpr unsigned kNoThread = ~0u;
void run_thread(unsigned thread);
/// Every live thread of the running block has arrived at a barrier, which orders everything they did before.
void block_barrier();
/// The lanes of `mask` of this warp have met in __syncwarp.
void warp_barrier(unsigned warp, unsigned mask);
/// Every thread of a cooperative launch has arrived.
void grid_barrier();
/// Another block of a cooperative launch continues, on the calling OS thread, which also began it.
void switch_block(uint64_t block);
void end_launch();

// --- Memory, as the runtime manages it -----------------------------------------------------------------------------

void allocated(const void* address, size_t bytes);  ///< device memory with undefined contents
void freed(const void* address, size_t bytes);
/// A copy, a fill or a vendor routine, inside begin_operation and end_operation, reads or writes device memory.
void reads(const void* address, size_t bytes, const char* operation);
void writes(const void* address, size_t bytes, const char* operation);
/// A copy from device to device: bytes that were undefined are undefined in the copy as well.
void copies(void* dst, const void* src, size_t bytes);

/// Everything between these two calls on the calling OS thread is one operation of a stream. `site` is the return
/// address of the call that asked for it.
void begin_operation(const Order& order, const void* site = nullptr);
void end_operation();
/// Begins the next node of a graph: what follows is ordered after everything the open operation has done so far.
void next_step();

}  // namespace softgpu::check
