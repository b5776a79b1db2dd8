#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

/// The parts of the program that count as device memory: its thread-local variables are shared memory, and its other
/// variables include those that are declared __device__.

namespace softgpu::check {

struct ThreadLocals {
  uintptr_t address = 0;
  size_t bytes = 0;
  std::vector<uint64_t> built_in;  ///< a bitmap of the bytes of threadIdx and the other built-in variables
};

/// The thread-local variables of the program itself, for the calling OS thread.
const ThreadLocals& thread_locals();

/// Registers the program's writable data as device memory.
void watch_variables();

}  // namespace softgpu::check
