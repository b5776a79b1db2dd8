#include "block.h"

#include <bit>
#include <csignal>

#include "../check/check.h"
#include "cooperative.h"
#include "cuda_runtime.h"
#include "seed.h"

/// The scheduler of a thread block: which CUDA thread runs next, and where threads meet.

namespace softgpu {
namespace {

constinit thread_local Block* running_block = nullptr;

constexpr uint32_t bit(unsigned lane) { return uint32_t{1} << lane; }

/// The lowest lane of `lanes` above `lane`, or else the lowest of all.
unsigned next_lane(uint32_t lanes, unsigned lane) {
  const uint32_t above = lane >= 31 ? 0 : lanes & (~uint32_t{0} << (lane + 1));
  return static_cast<unsigned>(std::countr_zero(above != 0 ? above : lanes));
}

/// The lane of the k-th set bit.
unsigned nth_lane(uint32_t lanes, unsigned k) {
  for (; k > 0; --k) lanes &= lanes - 1;
  return static_cast<unsigned>(std::countr_zero(lanes));
}

}  // namespace

Block* Block::running() { return running_block; }

Block& Block::of_this_os_thread() {
  static thread_local Block block;
  return block;
}

// --- A block from start to end -------------------------------------------------------------------------------------

void Block::run(const Grid& grid, uint64_t index, uint3 block, CooperativeGrid* cooperative) {
  cooperative_ = cooperative;
  start(grid, index, block);
  running_block = this;
  on_fibers = true;
  running_fiber_ = &main_;
  continue_with(next(), main_);
  on_fibers = false;
  running_block = nullptr;
  if (checked_) check::run_thread(check::kNoThread);
  if (failure_ != cudaSuccess || pending_failure_ != cudaSuccess) {
    fibers_.abandon_all();
    for (Thread& thread : threads_) thread.fiber = nullptr;
    throw LaunchFailure{failure_ != cudaSuccess ? failure_ : pending_failure_};
  }
  if (exception_) std::rethrow_exception(exception_);
}

void Block::start(const Grid& grid, uint64_t index, uint3 block) {
  grid_ = &grid;
  checked_ = check::active();
  block_ = block;
  block_index_ = index;
  const dim3 threads = grid.threads;
  thread_count_ = live_ = threads.x * threads.y * threads.z;
  warp_count_ = (thread_count_ + kWarpLanes - 1) / kWarpLanes;
  if (threads_.size() < thread_count_) threads_.resize(thread_count_);
  if (threads.x != indexed_for_.x || threads.y != indexed_for_.y || threads.z != indexed_for_.z) {
    for (unsigned t = 0; t < thread_count_; ++t) {
      threads_[t].index = {t % threads.x, t / threads.x % threads.y, t / threads.x / threads.y};
    }
    indexed_for_ = threads;
  }
  for (unsigned w = 0; w < warp_count_; ++w) {
    const unsigned lanes = std::min(thread_count_ - w * kWarpLanes, unsigned{kWarpLanes});
    const uint32_t all = ~uint32_t{0} >> (kWarpLanes - lanes);
    warps_[w] = {.live = all, .fresh = all};
  }
  runnable_warps_ = ~uint32_t{0} >> (32 - warp_count_);
  current_ = first_left_ = kNobody;
  current_warp_ = 0;
  current_lane_ = 31;
  at_grid_ = 0;
  arrivals_ = {};
  async_copies_.clear();
  pending_failure_ = failure_ = cudaSuccess;
  exception_ = nullptr;
  random_state_ = random_seed() == 0 ? 0 : (random_seed() * 0x9e3779b97f4a7c15u) ^ (index + 1) * 0xbf58476d1ce4e5b9u;
}

void Block::fiber_entry() { running_block->run_fresh_threads(); }

/// The body of a fiber: runs threads that have not begun yet, one after the other, until one of them waits, and then
/// belongs to that thread. A kernel without barriers runs on a single fiber.
void Block::run_fresh_threads() {
  for (;;) {
    try {
      grid_->run_thread(grid_->arguments);
    } catch (...) {
      if (!exception_) exception_ = std::current_exception();
    }
    check_failure();
    leave();
    const unsigned thread = next();
    if (thread != kNobody && threads_[thread].fiber == nullptr) {
      set_current(thread);
      continue;
    }
    Fiber& mine = *running_fiber_;
    fibers_.give_back(mine);
    continue_with(thread, mine);
  }
}

/// The running thread has returned from the kernel: threads that waited only for it may continue.
void Block::leave() {
  const unsigned index = current_ / kWarpLanes;
  Warp& warp = warps_[index];
  warp.live &= ~bit(current_ % kWarpLanes);
  --live_;
  if (first_left_ == kNobody) first_left_ = current_;
  current_ = kNobody;
  if (arrivals_.count > 0 && arrivals_.count == live_) release_barrier();
  for (uint32_t lanes = warp.meeting; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<unsigned>(std::countr_zero(lanes));
    if ((warp.meeting & bit(lane)) == 0) continue;  // it has already continued together with an earlier lane
    const Thread& waiting = threads_[index * kWarpLanes + lane];
    complete_meeting(index, waiting.mask, waiting.combine);
  }
}

// --- Taking turns --------------------------------------------------------------------------------------------------

inline uint64_t Block::random() {  // xorshift64
  random_state_ ^= random_state_ << 13;
  random_state_ ^= random_state_ >> 7;
  random_state_ ^= random_state_ << 17;
  return random_state_;
}

/// Chooses a runnable thread: the next one of the same warp as long as there is one or, with a seed, any one at random.
inline unsigned Block::choose() {
  if (random_state_ != 0) {
    const uint64_t r = random();
    if ((runnable_warps_ & bit(current_warp_)) == 0 || r % 8 == 0) {
      current_warp_ = nth_lane(runnable_warps_, (r >> 8) % static_cast<unsigned>(std::popcount(runnable_warps_)));
    }
    const uint32_t lanes = warps_[current_warp_].runnable();
    current_lane_ = nth_lane(lanes, (r >> 32) % static_cast<unsigned>(std::popcount(lanes)));
  } else {
    if ((runnable_warps_ & bit(current_warp_)) == 0) {
      current_warp_ = next_lane(runnable_warps_, current_warp_);
      current_lane_ = 31;
    }
    current_lane_ = next_lane(warps_[current_warp_].runnable(), current_lane_);
  }
  return current_warp_ * kWarpLanes + current_lane_;
}

/// Takes the thread that continues; kNobody when all have returned. A block that is stuck fails here.
inline unsigned Block::next() {
  if (Warp& warp = warps_[current_warp_]; warp.gathering != 0 && warp.runnable() == 0) gather(warp);
  while (runnable_warps_ == 0) {
    if (live_ == 0) return kNobody;
    if (at_grid_ != live_ || !cooperative_->arrive(block_index_)) {
      report_stuck();
      fail(cudaErrorLaunchFailure);
    }
    if (checked_) check::switch_block(block_index_);
    release_grid_barrier();
  }
  const unsigned thread = choose();
  Warp& warp = warps_[thread / kWarpLanes];
  warp.fresh &= ~bit(thread % kWarpLanes);
  warp.ready &= ~bit(thread % kWarpLanes);
  if (warp.runnable() == 0) runnable_warps_ &= ~bit(thread / kWarpLanes);
  return thread;
}

inline void Block::set_current(unsigned thread) {
  current_ = thread;
  threadIdx = threads_[thread].index;
  if (checked_) check::run_thread(thread);
}

/// Switches from the running fiber `from` to that of `thread`, or to the OS thread's own stack when no thread is left.
[[gnu::always_inline]] inline void Block::continue_with(unsigned thread, Fiber& from) {
  Fiber* to = &main_;
  if (thread != kNobody) {
    set_current(thread);
    to = threads_[thread].fiber != nullptr ? threads_[thread].fiber : &fibers_.take();
    threads_[thread].fiber = nullptr;
  }
  running_fiber_ = to;
  switch_fiber(from, *to);
}

/// Lets others run until the running thread is chosen again.
[[gnu::always_inline]] inline void Block::suspend() {
  const unsigned self = current_;
  const unsigned thread = next();
  if (thread == self) return set_current(self);
  Fiber& mine = *running_fiber_;
  threads_[self].fiber = &mine;
  continue_with(thread, mine);
  check_failure();
}

void Block::yield() {
  Warp& warp = warps_[current_ / kWarpLanes];
  warp.ready |= bit(current_ % kWarpLanes);
  runnable_warps_ |= bit(current_ / kWarpLanes);
  current_warp_ = next_lane(runnable_warps_, current_warp_);
  suspend();
}

void Block::make_runnable(Warp& warp, uint32_t Warp::*state, uint32_t lanes) {
  warp.*state &= ~lanes;
  const auto index = static_cast<unsigned>(&warp - warps_.data());
  if (current_ != kNobody && current_ / kWarpLanes == index) lanes &= ~bit(current_ % kWarpLanes);
  warp.ready |= lanes;
  if (lanes != 0) runnable_warps_ |= bit(index);
}

// --- Meeting others ------------------------------------------------------------------------------------------------

int Block::barrier(BarrierVote vote, int predicate, Site site) {
  check_failure();
  Thread& self = threads_[current_];
  self.site = site;
  if (arrivals_.first == kNobody) arrivals_.first = current_;
  const Site first = threads_[arrivals_.first].site;
  if (site.line != first.line || site.file != first.file) arrivals_.other = current_;
  arrivals_.votes += predicate != 0;
  const unsigned generation = generation_;
  warps_[current_ / kWarpLanes].at_barrier |= bit(current_ % kWarpLanes);
  if (++arrivals_.count == live_) {
    release_barrier();
  } else {
    suspend();
  }
  const int votes = barrier_result_[generation & 1];
  const int arrived = static_cast<int>(thread_count_);
  return vote == BarrierVote::count ? votes : vote == BarrierVote::all ? votes == arrived : votes != 0;
}

/// Every live thread has arrived at a barrier. CUDA allows a barrier in conditional code only if the condition is the
/// same for all threads of the block, so it is an error if threads have arrived at another barrier or have returned.
void Block::release_barrier() {
  if (arrivals_.other != kNobody || live_ != thread_count_) {
    report_divergence();
    fail(cudaErrorLaunchFailure);
  }
  if (checked_) check::block_barrier();
  barrier_result_[generation_++ & 1] = static_cast<int>(arrivals_.votes);
  arrivals_ = {};
  for (unsigned w = 0; w < warp_count_; ++w) make_runnable(warps_[w], &Warp::at_barrier, warps_[w].at_barrier);
}

void Block::meet(unsigned mask, void* data, Combine combine, Site site) {
  check_failure();
  const unsigned warp = current_ / kWarpLanes, lane = current_ % kWarpLanes;
  if ((mask & bit(lane)) == 0) misuse("calls a warp operation with a mask that does not include the thread", site);
  Thread& self = threads_[current_];
  self.site = site;
  self.mask = mask;
  self.combine = combine;
  self.data = data;
  warps_[warp].meeting |= bit(lane);
  if (!complete_meeting(warp, mask, combine)) suspend();
}

/// Lets the lanes of `mask` continue if all live ones have arrived with this mask and operation.
bool Block::complete_meeting(unsigned index, unsigned mask, Combine combine) {
  Warp& warp = warps_[index];
  const uint32_t lanes = mask & warp.live;
  if ((warp.meeting & lanes) != lanes) return false;
  void* data[kWarpLanes] = {};
  for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<unsigned>(std::countr_zero(rest));
    const Thread& thread = threads_[index * kWarpLanes + lane];
    if (thread.mask != mask || thread.combine != combine) return false;
    data[lane] = thread.data;
  }
  if (combine != nullptr) {
    combine(data, mask);
  } else if (checked_) {
    check::warp_barrier(index, lanes);
  }
  make_runnable(warp, &Warp::meeting, lanes);
  return true;
}

void Block::grid_barrier(Site site) {
  check_failure();
  if (cooperative_ == nullptr)
    misuse("calls grid.sync() in a launch that is not cooperative: use cudaLaunchCooperativeKernel", site);
  threads_[current_].site = site;
  warps_[current_ / kWarpLanes].at_grid |= bit(current_ % kWarpLanes);
  ++at_grid_;
  suspend();
}

void Block::release_grid_barrier() {
  at_grid_ = 0;
  current_ = kNobody;  // the last thread to arrive continues when it is chosen, like the others
  for (unsigned w = 0; w < warp_count_; ++w) make_runnable(warps_[w], &Warp::at_grid, warps_[w].at_grid);
}

unsigned Block::active_lanes(Site site) {
  check_failure();
  const unsigned self = current_;
  threads_[self].site = site;
  warps_[self / kWarpLanes].gathering |= bit(self % kWarpLanes);
  suspend();
  return threads_[self].mask;
}

/// No lane of the warp can run: lanes that wait at the same place are the ones that hardware would call converged.
void Block::gather(Warp& warp) {
  const unsigned base = static_cast<unsigned>(&warp - warps_.data()) * kWarpLanes;
  const Site place = threads_[base + next_lane(warp.gathering, 31)].site;
  uint32_t together = 0;
  for (uint32_t rest = warp.gathering; rest != 0; rest &= rest - 1) {
    const unsigned lane = next_lane(rest, 31);
    const Site site = threads_[base + lane].site;
    if (site.line == place.line && site.file == place.file) together |= bit(lane);
  }
  for (uint32_t rest = together; rest != 0; rest &= rest - 1) threads_[base + next_lane(rest, 31)].mask = together;
  current_ = kNobody;  // the calling lane continues when it is chosen, like the others
  make_runnable(warp, &Warp::gathering, together);
}

// --- Failure -------------------------------------------------------------------------------------------------------

/// Ends the launch with `error`. Never returns, because no thread of the launch runs any more.
void Block::fail(cudaError_t error) {
  if (failure_ == cudaSuccess) failure_ = error;
  Fiber& mine = *running_fiber_;
  if (&mine == &main_) throw LaunchFailure{failure_};
  running_fiber_ = &main_;
  switch_fiber(mine, main_);
  __builtin_unreachable();
}

void Block::check_failure() {
  if (pending_failure_ != cudaSuccess) fail(pending_failure_);
}

}  // namespace softgpu
