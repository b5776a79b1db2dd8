#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "softgpu/cp_async.h"

namespace softgpu {

/// The copies that the threads of one block have started but not waited for.
class AsyncCopies {
 public:
  /// Drops all copies, when a block begins.
  void clear() {
    if (used_) clear_used();
  }

  void add(unsigned thread, const AsyncCopy& copy);
  void commit(unsigned thread);
  /// Takes the next copy of the thread's groups other than the `recent` latest ones; false when there is none.
  bool take(unsigned thread, unsigned recent, AsyncCopy& copy);

 private:
  struct Queue {
    std::vector<AsyncCopy> copies;
    std::vector<size_t> group_ends;  ///< the number of copies at each commit
    size_t taken = 0;
  };

  Queue& of(unsigned thread);
  void clear_used();

  std::vector<Queue> queues_;
  bool used_ = false;
};

}  // namespace softgpu
