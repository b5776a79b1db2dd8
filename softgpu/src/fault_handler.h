#pragma once

/// The process's handler of faults. It handles those of a kernel (memory, division by zero, traps, assertions) and the
/// memory faults that strict mode causes. Any other goes to the handler that was installed before, which by default
/// ends the process.

namespace softgpu {

/// Installs the handler; further calls do nothing.
void install_fault_handler();

/// Gives the calling OS thread a separate stack for the handler, since the stack in use may be too small for it.
void use_alternate_stack();

}  // namespace softgpu
