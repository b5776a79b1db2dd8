#include "fiber.h"

#include <sys/mman.h>

#include <new>

/// Creates and switches fibers.

extern "C" {
[[gnu::weak]] void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom, size_t* size);
[[gnu::weak]] void __asan_unpoison_memory_region(const volatile void* address, size_t size);
}

using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

namespace softgpu {
namespace {

constexpr size_t kGuardBytes = 64 << 10;  // larger than usual stack frames, so that none reaches beyond it
constexpr size_t kStackBytes = 256 << 10;
// Stack tops that are a multiple of 4 KiB apart collide in the L1 cache: a switch takes 51 instead of 23 ns with 1024
// fibers.
constexpr size_t kStackStagger = 192;

constinit thread_local FiberPool::Entry starting = nullptr;

[[noreturn]] void begin(transfer_t from) {
  auto* const previous = static_cast<Fiber*>(from.data);
  previous->context = from.fctx;
  if (__sanitizer_start_switch_fiber != nullptr) tell_sanitizer_of_arrival(*previous, nullptr);
  starting();
  __builtin_unreachable();
}

}  // namespace

void tell_sanitizer_of_arrival(Fiber& from, void* fake_stack) {
  const void* bottom = nullptr;
  size_t size = 0;
  __sanitizer_finish_switch_fiber(fake_stack, &bottom, &size);
  if (from.stack == nullptr) {  // the OS thread's own stack, which becomes known when it is first left
    from.stack = static_cast<std::byte*>(const_cast<void*>(bottom));
    from.bytes = size;
  }
}

namespace {

/// Clears what AddressSanitizer knows about the stack, for the memory that will be mapped there next.
void forget_poison(const Fiber& fiber) {
  if (__asan_unpoison_memory_region != nullptr) __asan_unpoison_memory_region(fiber.stack, fiber.bytes);
}

}  // namespace

FiberPool::~FiberPool() {
  for (const auto& fiber : all_) {
    forget_poison(*fiber);
    munmap(fiber->stack - kGuardBytes, fiber->bytes + kGuardBytes);
  }
}

Fiber& FiberPool::make() {
  void* memory = mmap(nullptr, kGuardBytes + kStackBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, kGuardBytes, PROT_NONE);
  all_.push_back(std::make_unique<Fiber>());
  Fiber& fiber = *all_.back();
  fiber.stack = static_cast<std::byte*>(memory) + kGuardBytes;
  fiber.bytes = kStackBytes;
  prepare(fiber);
  return fiber;
}

void FiberPool::prepare(Fiber& fiber) {
  const size_t number = reinterpret_cast<uintptr_t>(fiber.stack) / (kGuardBytes + kStackBytes);
  std::byte* const top = fiber.stack + fiber.bytes - number % 21 * kStackStagger;
  fiber.context = make_fcontext(top, static_cast<size_t>(top - fiber.stack), begin);
  fiber.fake_stack = nullptr;
  forget_poison(fiber);
}

Fiber& FiberPool::take() {
  starting = entry_;
  if (idle_.empty()) return make();
  Fiber& fiber = *idle_.back();
  idle_.pop_back();
  return fiber;
}

void FiberPool::abandon_all() {
  idle_.clear();
  for (const auto& fiber : all_) {
    prepare(*fiber);
    idle_.push_back(fiber.get());
  }
}

bool FiberPool::in_guard_page(const void* address) const {
  const auto* at = static_cast<const std::byte*>(address);
  for (const auto& fiber : all_) {
    if (at >= fiber->stack - kGuardBytes && at < fiber->stack) return true;
  }
  return false;
}

}  // namespace softgpu
