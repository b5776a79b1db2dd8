#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <vector>

#include "../run_grid.h"

/// A cooperative launch. All blocks are alive at once, each on its own OS thread, so that each has its own `__shared__`
/// variables. Only one block runs at a time; the next one takes over when it waits for the grid or ends.

namespace softgpu {

class CooperativeGrid {
 public:
  explicit CooperativeGrid(uint64_t blocks) : left_(blocks, false) {}

  /// Waits for this block's first turn.
  void begin(uint64_t block);
  /// All threads of the block wait for the grid. Returns true when all blocks have arrived, false when that can never
  /// be.
  bool arrive(uint64_t block);
  /// The block has ended; a failure ends the others too.
  void end(uint64_t block, std::exception_ptr failure);

  std::exception_ptr failure() const { return failure_; }

 private:
  void pass_on(uint64_t block);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> left_;
  uint64_t turn_ = 0;
  uint64_t arrived_ = 0, ended_ = 0;
  uint64_t generation_ = 0;
  std::exception_ptr failure_;
};

/// Runs all blocks of a cooperative launch.
void run_cooperative(const Grid& grid, uint64_t blocks);

}  // namespace softgpu
