#include "fault_handler.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <csignal>
#include <cstddef>

#include "strict.h"
#include "threads/fault.h"

namespace softgpu {
namespace {

/// A signal that a kernel may raise, and the handler that was installed before.
struct Handled {
  int signal;
  struct sigaction previous;
};
Handled handled_signals[] = {{SIGSEGV, {}}, {SIGBUS, {}}, {SIGFPE, {}}, {SIGILL, {}}, {SIGABRT, {}}};

bool handled(siginfo_t* info, void* context) {
  const bool of_memory = info->si_signo == SIGSEGV || info->si_signo == SIGBUS;
  if (strict() && of_memory && open_device_memory(info->si_addr)) return true;
  if (kernel_fault(info, context)) return true;
  if (!strict() || !of_memory) return false;
  const auto& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  const auto pc = reinterpret_cast<const void*>(machine.gregs[REG_RIP]);
  const bool is_write = (machine.gregs[REG_ERR] & 2) != 0;  // a bit of the page fault's error code
#else
  const auto pc = reinterpret_cast<const void*>(machine.pc);
  const bool is_write = true;  // the processor does not tell, and any access may be a write
#endif
  return strict_fault(info->si_addr, pc, is_write);
}

/// For a fault that is not handled here, restores the previous handler and returns: the instruction is repeated, and
/// that handler receives the fault.
void on_fault(int signal, siginfo_t* info, void* context) {
  if (handled(info, context)) return;
  for (const Handled& known : handled_signals) {
    if (known.signal == signal) sigaction(signal, &known.previous, nullptr);
  }
}

/// An alternate signal stack, freed when its thread ends.
class AlternateStack {
 public:
  AlternateStack() : memory_(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) return;
    stack_t stack{};
    stack.ss_sp = memory_;
    stack.ss_size = kBytes;
    sigaltstack(&stack, nullptr);
  }
  ~AlternateStack() {
    if (memory_ == MAP_FAILED) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
    munmap(memory_, kBytes);
  }
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;

 private:
  static constexpr size_t kBytes = size_t{512} << 10;  // reading debug information needs a large stack
  void* memory_;
};

bool install() {
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigfillset(&action.sa_mask);  // the handler takes locks, so the timer's signal must not end a kernel inside it
  for (const Handled& known : handled_signals) sigdelset(&action.sa_mask, known.signal);
  for (Handled& known : handled_signals) sigaction(known.signal, &action, &known.previous);
  return true;
}

}  // namespace

void install_fault_handler() { [[maybe_unused]] static const bool installed = install(); }

void use_alternate_stack() { static thread_local const AlternateStack stack; }

}  // namespace softgpu
