#include "cooperative.h"

#include <thread>

#include "../check/check.h"
#include "../fault_handler.h"
#include "../finding.h"
#include "block.h"
#include "time_limit.h"

/// The blocks of a cooperative launch take turns.

namespace softgpu {

void CooperativeGrid::begin(uint64_t block) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return turn_ == block; });
}

/// Gives the turn to the next block, in cyclic order, that has not ended. The caller holds the mutex.
void CooperativeGrid::pass_on(uint64_t block) {
  if (ended_ == left_.size()) return;
  do {
    block = (block + 1) % left_.size();
  } while (left_[block]);
  turn_ = block;
  changed_.notify_all();
}

bool CooperativeGrid::arrive(uint64_t block) {
  std::unique_lock lock(mutex_);
  const uint64_t generation = generation_;
  if (++arrived_ == left_.size()) {
    arrived_ = 0;
    ++generation_;
    if (check::active()) check::grid_barrier();
  }
  pass_on(block);
  changed_.wait(lock, [&] { return turn_ == block; });
  // Every other block has had its turn since, so blocks that have not arrived by now never will.
  return generation_ != generation && !failure_;
}

void CooperativeGrid::end(uint64_t block, std::exception_ptr failure) {
  std::unique_lock lock(mutex_);
  if (failure && !failure_) failure_ = failure;
  left_[block] = true;
  ++ended_;
  pass_on(block);
}

namespace {

void run_one(const Grid& grid, uint64_t index, CooperativeGrid& cooperative) {
  use_alternate_stack();
  cooperative.begin(index);
  std::exception_ptr failure;
  try {
    if (cooperative.failure()) throw LaunchFailure{cudaErrorLaunchFailure};
    const TimeLimit limit;
    run_thread_block(grid, index, &cooperative);
  } catch (...) {
    failure = std::current_exception();
  }
  cooperative.end(index, failure);
}

}  // namespace

void run_cooperative(const Grid& grid, uint64_t blocks) {
  CooperativeGrid cooperative(blocks);
  {
    std::vector<std::jthread> threads;
    for (uint64_t b = 0; b < blocks; ++b) threads.emplace_back([&, b] { run_one(grid, b, cooperative); });
  }
  if (cooperative.failure()) std::rethrow_exception(cooperative.failure());
}

}  // namespace softgpu
