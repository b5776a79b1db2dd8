#pragma once

#include <csignal>

namespace softgpu {

/// For a signal handler: when the calling OS thread runs a kernel in thread mode, arranges that the CUDA thread at
/// fault ends, its launch fails and the program goes on after the handler returns. False otherwise.
bool kernel_fault(siginfo_t* info, void* context);

/// The same for a kernel that has run too long. Does nothing where it cannot be stopped safely: ask again later.
bool stop_kernel(void* context);

}  // namespace softgpu
