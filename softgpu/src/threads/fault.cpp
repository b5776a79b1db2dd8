#include "fault.h"

#include <ucontext.h>

#include "block.h"

/// Redirects a CUDA thread that faulted, or ran too long, to the report of its fault.

extern "C" const char __executable_start, etext;

namespace softgpu {
namespace {

constinit thread_local Fault last_fault{};

/// Where a thread that has faulted continues: outside of the signal handler, at the top of its own stack.
void fail_after_fault() { Block::running()->fail_with(last_fault); }

// The registers of an interrupted thread, by processor.
#if defined(__x86_64__)
const void* program_counter(const ucontext_t* at) { return reinterpret_cast<void*>(at->uc_mcontext.gregs[REG_RIP]); }
bool was_write(const ucontext_t* at) { return (at->uc_mcontext.gregs[REG_ERR] & 2) != 0; }
void go_on_at(ucontext_t* at, void (*function)(), void* stack) {
  at->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(function);
  at->uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>((reinterpret_cast<uintptr_t>(stack) & ~uintptr_t{15}) - 8);
}
#elif defined(__aarch64__)
const void* program_counter(const ucontext_t* at) { return reinterpret_cast<void*>(at->uc_mcontext.pc); }
bool was_write(const ucontext_t*) { return false; }  // the processor does not tell
void go_on_at(ucontext_t* at, void (*function)(), void* stack) {
  at->uc_mcontext.pc = reinterpret_cast<uintptr_t>(function);
  at->uc_mcontext.sp = reinterpret_cast<uintptr_t>(stack) & ~uintptr_t{15};
}
#else
#error "softgpu: faults of kernels are known on x86-64 and AArch64 only"
#endif

void redirect(const Fault& fault, ucontext_t* context) {
  last_fault = fault;
  go_on_at(context, fail_after_fault, Block::running()->stack_top());
}

}  // namespace

bool kernel_fault(siginfo_t* info, void* context) {
  if (!on_fibers) return false;
  auto* const at = static_cast<ucontext_t*>(context);
  // The processor does not tell the address of a misaligned vector access, or an address outside of its address space.
  const bool told = info->si_signo != SIGSEGV || info->si_code != SI_KERNEL;
  redirect({info->si_signo, told ? info->si_addr : kUnknownAddress, program_counter(at), was_write(at), false}, at);
  return true;
}

/// A kernel is stopped only inside the program's own code: a library, such as the allocator, may hold a lock.
bool stop_kernel(void* context) {
  auto* const at = static_cast<ucontext_t*>(context);
  const auto* pc = static_cast<const char*>(program_counter(at));
  if (!on_fibers || pc < &__executable_start || pc >= &etext) return false;
  redirect({0, nullptr, pc, false, true}, at);
  return true;
}

}  // namespace softgpu
