#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <memory>
#include <vector>

// Defined in programs that AddressSanitizer instruments: it must know which stack is in use.
extern "C" [[gnu::weak]] void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, size_t size);

/// Stacks to switch between: what a CUDA thread runs on while it waits for others.

namespace softgpu {

/// A stack and the place on it where execution continues. A fiber without a stack of its own stands for the OS thread.
struct Fiber {
  void* context = nullptr;  ///< where it is suspended
  std::byte* stack = nullptr;
  size_t bytes = 0;
  void* fake_stack = nullptr;  ///< AddressSanitizer's
};

/// The first step on a fiber after switching to it.
void tell_sanitizer_of_arrival(Fiber& from, void* fake_stack);

/// Suspends `from`, the running fiber, and continues `to`. Returns when something switches back to `from`. It is
/// inlined because the processor mispredicts every return after a switch, so that each call costs time: a barrier of
/// 256 threads takes 10.9 us of processor time without inlining and 8.0 us with it.
///
/// It uses the functions below boost::context::fiber. The destructor of that class would unwind a suspended stack, but
/// a thread whose launch has failed is never continued, and its stack is reused as it is.
[[gnu::always_inline]] inline void switch_fiber(Fiber& from, Fiber& to) {
  if (__sanitizer_start_switch_fiber != nullptr) __sanitizer_start_switch_fiber(&from.fake_stack, to.stack, to.bytes);
  const auto back = boost::context::detail::jump_fcontext(to.context, &from);
  auto* const previous = static_cast<Fiber*>(back.data);
  previous->context = back.fctx;
  if (__sanitizer_start_switch_fiber != nullptr) tell_sanitizer_of_arrival(*previous, from.fake_stack);
}

/// The fibers of one OS thread, created on demand. A guard page below each stack catches overflows.
class FiberPool {
 public:
  using Entry = void (*)();

  /// Every fiber begins in `entry`, which must not return.
  explicit FiberPool(Entry entry) : entry_(entry) {}
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  Fiber& take();
  void give_back(Fiber& fiber) { idle_.push_back(&fiber); }

  /// Abandons what all fibers were doing: each begins in `entry` again when it is taken.
  void abandon_all();

  /// Whether the address is in the guard page of a stack, which means that a thread used more local memory than it has.
  bool in_guard_page(const void* address) const;

 private:
  Fiber& make();
  void prepare(Fiber& fiber);

  Entry entry_;
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> idle_;
};

}  // namespace softgpu
