#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <vector>

#include "../device.h"
#include "../error.h"
#include "../finding.h"
#include "../run_grid.h"
#include "cp_async.h"
#include "fiber.h"
#include "softgpu/threads.h"

/// A thread block in thread mode. Its CUDA threads take turns on one OS thread; each lets another run where it waits.

namespace softgpu {

class CooperativeGrid;

/// The address of a fault whose address the processor does not tell.
inline const void* const kUnknownAddress = reinterpret_cast<const void*>(~uintptr_t{0});

/// Why a kernel cannot continue, as the fault handler found it.
struct Fault {
  int signal = 0;
  const void* address = nullptr;
  const void* pc = nullptr;
  bool write = false;
  bool time_limit = false;
};

class Block {
 public:
  /// The block that the calling OS thread runs; null outside of kernels in thread mode.
  static Block* running();
  /// The Block object of the calling OS thread, which is reused for all blocks that run there.
  static Block& of_this_os_thread();

  /// Runs every thread of the block with linear index `index` to its end. Throws LaunchFailure when a checker has ended
  /// the launch, and rethrows exceptions of the kernel.
  void run(const Grid& grid, uint64_t index, uint3 block, CooperativeGrid* cooperative = nullptr);

  // --- Called by the running CUDA thread ---
  int barrier(BarrierVote vote, int predicate, Site site);
  void meet(unsigned mask, void* data, Combine combine, Site site);
  void grid_barrier(Site site);
  void yield();
  unsigned active_lanes(Site site);
  bool is_cooperative() const { return cooperative_ != nullptr; }
  [[noreturn]] void misuse(const char* what, Site site);

  /// Makes the launch fail with `error` when the running thread next waits or ends, for checkers that report inside an
  /// access.
  void fail_soon(cudaError_t error) { pending_failure_ = error; }

  /// Where a thread that faulted continues, on its own stack, from which everything was dropped.
  [[noreturn]] void fail_with(const Fault& fault);
  /// Top of the running fiber's stack, for that continuation.
  void* stack_top() const { return running_fiber_->stack + running_fiber_->bytes - 4096; }

  ThreadName name_of(unsigned thread) const { return {threads_[thread].index, block_}; }
  unsigned current() const { return current_; }
  std::string kernel() const;
  AsyncCopies& async_copies() { return async_copies_; }

 private:
  static constexpr unsigned kNobody = ~0u;
  static constexpr unsigned kMaxWarps = kMaxThreadsPerBlock / kWarpLanes;

  struct Thread {
    uint3 index;
    Fiber* fiber = nullptr;  // where it is suspended
    Site site{};             // where it waits
    unsigned mask = 0;       // of the warp operation it waits in
    Combine combine = nullptr;
    void* data = nullptr;
  };
  /// The states of the lanes, as bits. The running lane is set in `live` only.
  struct Warp {
    uint32_t live = 0, fresh = 0, ready = 0, at_barrier = 0, meeting = 0, gathering = 0, at_grid = 0;
    uint32_t runnable() const { return fresh | ready; }
  };
  /// The barrier that threads are arriving at.
  struct Arrivals {
    unsigned count = 0, votes = 0;
    unsigned first = kNobody;  // thread that arrived first
    unsigned other = kNobody;  // a thread that arrived at a different place
  };

  static void fiber_entry();
  void start(const Grid& grid, uint64_t index, uint3 block);
  void run_fresh_threads();
  void leave();
  unsigned next();
  unsigned choose();
  uint64_t random();
  void set_current(unsigned thread);
  void suspend();
  void continue_with(unsigned thread, Fiber& from);
  void make_runnable(Warp& warp, uint32_t Warp::*state, uint32_t lanes);
  void release_barrier();
  void release_grid_barrier();
  void gather(Warp& warp);
  bool complete_meeting(unsigned warp, unsigned mask, Combine combine);
  void check_failure();
  [[noreturn]] void fail(cudaError_t error);

  // Reports: these are in block_report.cpp, fail_with is in fault_report.cpp.
  void describe_meeting(unsigned index, Finding& finding) const;
  Party party(unsigned thread, std::string what) const;
  void report_divergence();
  void report_stuck();

  const Grid* grid_ = nullptr;
  bool checked_ = false;
  CooperativeGrid* cooperative_ = nullptr;
  uint3 block_{};
  uint64_t block_index_ = 0;
  std::vector<Thread> threads_;
  std::array<Warp, kMaxWarps> warps_;
  unsigned warp_count_ = 0, thread_count_ = 0;
  unsigned live_ = 0;
  unsigned at_grid_ = 0;
  uint32_t runnable_warps_ = 0;
  unsigned current_ = kNobody;
  unsigned current_warp_ = 0, current_lane_ = 0;
  unsigned first_left_ = kNobody;
  Arrivals arrivals_;
  int barrier_result_[2] = {0, 0};
  unsigned generation_ = 0;
  uint64_t random_state_ = 0;
  cudaError_t pending_failure_ = cudaSuccess;
  cudaError_t failure_ = cudaSuccess;
  std::exception_ptr exception_;
  dim3 indexed_for_{0, 0, 0};
  AsyncCopies async_copies_;

  Fiber main_;
  Fiber* running_fiber_ = nullptr;
  FiberPool fibers_{fiber_entry};
};

}  // namespace softgpu
