#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

/// The parts of the program that are device memory: its thread-local variables are shared memory, its variables are
/// those declared __device__.

namespace softgpu::check {

struct ThreadLocals {
  uintptr_t address = 0;
  size_t bytes = 0;
  std::vector<uint64_t> built_in;  ///< a bit for each byte of threadIdx and the like
};

/// Those of the program itself, for the calling OS thread.
const ThreadLocals& thread_locals();

/// Makes the program's writable data known as device memory.
void watch_variables();

}  // namespace softgpu::check
