#pragma once

/// The process's handler of faults: those of a kernel (memory, division by zero, traps, assertions), then memory faults
/// that strict mode knows; any other goes to the handler that was installed before, by default to the end of the
/// process.

namespace softgpu {

/// Installs the handler; further calls do nothing.
void install_fault_handler();

/// Gives the calling OS thread a stack of its own for the handler, for threads whose stacks may be too small for it.
void use_alternate_stack();

}  // namespace softgpu
