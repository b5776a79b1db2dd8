#pragma once

#include "site.h"

/// How CUDA threads meet in thread mode (SOFTGPU_MODE=threads), where each is a fiber. Barriers, warp operations and
/// cooperative groups are implemented with these functions, which may be called only inside a kernel.

namespace softgpu {

/// True while the calling OS thread runs a block of CUDA threads on fibers. False in fast mode and in host code.
inline constinit thread_local bool on_fibers = false;

enum class BarrierVote { none, all, any, count };

/// Waits until every live thread of the block has arrived. Returns the number of threads with a non-zero predicate
/// (count), or whether it is non-zero in all or any of them.
int block_barrier(BarrierVote vote, int predicate, Site site);

inline constexpr int kWarpLanes = 32;

/// Combines what the lanes of a warp passed: lanes[i] belongs to lane i, and is null if that lane takes no part.
using Combine = void (*)(void* const lanes[kWarpLanes], unsigned mask);

/// Waits until every live lane of `mask` has arrived with the same mask and `combine`, which the last one calls once.
/// `lane` belongs to the caller and may receive the result.
void meet_in_warp(unsigned mask, void* lane, Combine combine, Site site);

/// Orders memory between the lanes of `mask`: __syncwarp.
void sync_warp(unsigned mask, Site site);

/// The lanes of the calling warp that reach this place together. The calling lane waits until no other lane of its warp
/// can run.
unsigned active_lanes(Site site = Site::here());

/// Waits until every live thread of every block of a cooperative launch has arrived.
void grid_barrier(Site site);
/// Whether the running kernel was launched cooperatively.
bool cooperative();

/// Reports misuse by the calling thread as a synccheck finding and ends the launch. `what` follows "a thread ".
[[noreturn]] void misuse(const char* what, Site site);

/// Lets the other threads of the block run, for loops that wait for another thread.
void yield();

}  // namespace softgpu
