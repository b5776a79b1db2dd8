#pragma once

#include <cstdint>

namespace softgpu {

/// Code that a sanitizer instruments runs in thread mode only, so its kernels need no one-thread instantiation.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kInstrumented = true;
#else
inline constexpr bool kInstrumented = false;
#endif

enum class Mode { fast, threads };

/// Changes the mode of later launches, and the order of lanes and warps in thread mode (like SOFTGPU_SEED, where 0 is
/// the natural order), for programs that compare modes. Must not be called while another OS thread launches kernels. An
/// instrumented program stays in thread mode.
void set_mode(Mode mode);
void set_thread_order(uint64_t seed);

/// The number of findings that the checkers have reported so far, including repeated ones.
uint64_t finding_count();

/// True when every block must be launched with one thread (fast mode, the default); false in thread mode. The
/// environment variable SOFTGPU_MODE, `fast` or `threads`, names the mode; it is read once, at the first call.
/// Instrumented programs are always in thread mode.
bool one_thread_blocks();

}  // namespace softgpu
