#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "softgpu/cp_async.h"

namespace softgpu {

/// Copies that the threads of one block have started and not waited for.
class AsyncCopies {
 public:
  /// Forgets all of them: a block begins.
  void clear() {
    if (used_) clear_used();
  }

  void add(unsigned thread, const AsyncCopy& copy);
  void commit(unsigned thread);
  /// Takes the next copy of the thread's groups but the `recent` latest; false when there is none.
  bool take(unsigned thread, unsigned recent, AsyncCopy& copy);

 private:
  struct Queue {
    std::vector<AsyncCopy> copies;
    std::vector<size_t> group_ends;  ///< how many copies there had been at each commit
    size_t taken = 0;
  };

  Queue& of(unsigned thread);
  void clear_used();

  std::vector<Queue> queues_;
  bool used_ = false;
};

}  // namespace softgpu
