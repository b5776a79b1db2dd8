#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <memory>
#include <vector>

// Present in programs that AddressSanitizer instruments: it must know which stack is in use.
extern "C" [[gnu::weak]] void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, size_t size);

/// Stacks to switch between: what a CUDA thread runs on while it waits for others.

namespace softgpu {

/// A stack and the place on it where execution goes on. One without a stack of its own stands for the OS thread.
struct Fiber {
  void* context = nullptr;  ///< where it is suspended
  std::byte* stack = nullptr;
  size_t bytes = 0;
  void* fake_stack = nullptr;  ///< AddressSanitizer's
};

/// First step on a fiber that was switched to.
void tell_sanitizer_of_arrival(Fiber& from, void* fake_stack);

/// Suspends `from`, the running fiber, and continues `to`; returns when someone switches back to `from`.
/// Inlined: after a switch the processor predicts every return wrongly, so that each call costs (10.9 us of processor
/// time a barrier of 256 threads when nothing was inlined, 8.0 us now).
///
/// These are the functions below boost::context::fiber, whose destructor would unwind a suspended stack: a thread whose
/// launch has failed is never continued, its stack is used again.
[[gnu::always_inline]] inline void switch_fiber(Fiber& from, Fiber& to) {
  if (__sanitizer_start_switch_fiber != nullptr) __sanitizer_start_switch_fiber(&from.fake_stack, to.stack, to.bytes);
  const auto back = boost::context::detail::jump_fcontext(to.context, &from);
  auto* const previous = static_cast<Fiber*>(back.data);
  previous->context = back.fctx;
  if (__sanitizer_start_switch_fiber != nullptr) tell_sanitizer_of_arrival(*previous, from.fake_stack);
}

/// The fibers of one OS thread, made on demand. Below each stack lies a page that nobody may touch.
class FiberPool {
 public:
  using Entry = void (*)();

  /// Fibers begin in `entry`, which must not return.
  explicit FiberPool(Entry entry) : entry_(entry) {}
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  Fiber& take();
  void give_back(Fiber& fiber) { idle_.push_back(&fiber); }

  /// Forgets what all fibers were doing: each begins anew when taken.
  void abandon_all();

  /// Whether the address is in the guard page of some stack: a thread used more local memory than there is.
  bool in_guard_page(const void* address) const;

 private:
  Fiber& make();
  void prepare(Fiber& fiber);

  Entry entry_;
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> idle_;
};

}  // namespace softgpu
