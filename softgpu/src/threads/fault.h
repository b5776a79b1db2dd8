#pragma once

#include <csignal>

namespace softgpu {

/// For a signal handler: if the calling OS thread runs a kernel in thread mode, arranges that the CUDA thread at fault
/// ends, its launch fails, and the program continues after the handler returns. Returns false otherwise.
bool kernel_fault(siginfo_t* info, void* context);

/// The same for a kernel that has run too long. Returns false where it cannot be stopped safely: try again later.
bool stop_kernel(void* context);

}  // namespace softgpu
