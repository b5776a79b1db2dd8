#pragma once

#include "site.h"

/// How CUDA threads meet in thread mode (SOFTGPU_MODE=threads), where each is a fiber: what barriers, warp operations
/// and cooperative groups are made of. Every function needs the calling thread to be inside a kernel.

namespace softgpu {

/// True while the calling OS thread runs a block of CUDA threads on fibers. False in fast mode and in host code.
inline constinit thread_local bool on_fibers = false;

enum class BarrierVote { none, all, any, count };

/// Waits until every live thread of the block has arrived. Returns how many arrived with a predicate that is not zero
/// (count), or whether all or any did.
int block_barrier(BarrierVote vote, int predicate, Site site);

inline constexpr int kWarpLanes = 32;

/// Combines what the lanes of a warp brought: lanes[i] is what lane i passed, null for a lane that takes no part.
using Combine = void (*)(void* const lanes[kWarpLanes], unsigned mask);

/// Waits until every live lane of `mask` has arrived with the same mask and `combine`; the last one calls it, once.
/// `lane` belongs to the caller and may take the result.
void meet_in_warp(unsigned mask, void* lane, Combine combine, Site site);

/// Orders memory between the lanes of `mask`: __syncwarp.
void sync_warp(unsigned mask, Site site);

/// The lanes of the calling warp that come to this place together: the calling lane waits until no other lane of its
/// warp can run.
unsigned active_lanes(Site site = Site::here());

/// Waits until every live thread of every block of a cooperative launch has arrived.
void grid_barrier(Site site);
/// Whether the running kernel was launched cooperatively.
bool cooperative();

/// Reports misuse by the calling thread (`what`, one clause) as a synccheck finding and ends the launch.
[[noreturn]] void misuse(const char* what, Site site);

/// Lets the other threads of the block that can run do so: for loops that wait for another thread.
void yield();

}  // namespace softgpu
