#pragma once

namespace softgpu {

/// Code that a sanitizer instruments runs in thread mode only: the kernels' one-thread form need not exist.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kInstrumented = true;
#else
inline constexpr bool kInstrumented = false;
#endif

/// True when every block must be launched with one thread (fast mode, the default); false in thread mode. The
/// environment variable SOFTGPU_MODE, `fast` or `threads`, names the mode; it is read once, at the first call.
/// Instrumented programs are always in thread mode.
bool one_thread_blocks();

}  // namespace softgpu
