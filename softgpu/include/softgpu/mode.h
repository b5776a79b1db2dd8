#pragma once

#include <cstdint>

namespace softgpu {

/// Code that a sanitizer instruments runs in thread mode only: the kernels' one-thread form need not exist.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kInstrumented = true;
#else
inline constexpr bool kInstrumented = false;
#endif

enum class Mode { fast, threads };

/// Changes the mode for the launches to come, and the order of lanes and warps in thread mode (SOFTGPU_SEED; 0 is their
/// natural order): for programs that compare. Not while another OS thread launches; an instrumented program stays in
/// thread mode.
void set_mode(Mode mode);
void set_thread_order(uint64_t seed);

/// How many findings the checkers have reported so far, repeated ones included.
uint64_t finding_count();

/// True when every block must be launched with one thread (fast mode, the default); false in thread mode. The
/// environment variable SOFTGPU_MODE, `fast` or `threads`, names the mode; it is read once, at the first call.
/// Instrumented programs are always in thread mode.
bool one_thread_blocks();

}  // namespace softgpu
