#pragma once

namespace softgpu {

/// A program that refers to this variable links the leak check, which reports device memory that is still allocated
/// after static objects have been destroyed. The check runs when SOFTGPU_LEAKS=1, which also turns the exit status 0
/// into 1, and in programs with AddressSanitizer unless SOFTGPU_LEAKS=0.
extern const int leak_check_anchor;

}  // namespace softgpu
