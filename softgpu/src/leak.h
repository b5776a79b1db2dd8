#pragma once

namespace softgpu {

/// Linking a reference to it links the check at exit: device memory that is still allocated when the program has ended,
/// static objects included, is reported. Done when SOFTGPU_LEAKS=1, which also makes the exit status 1 instead of 0,
/// and in programs with AddressSanitizer unless SOFTGPU_LEAKS=0.
extern const int leak_check_anchor;

}  // namespace softgpu
