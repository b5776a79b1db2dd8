#pragma once

#include <cstddef>
#include <memory>
#include <vector>

/// Stacks to switch between: what a CUDA thread runs on while it waits for others.

namespace softgpu {

/// A stack and the place on it where execution goes on. One without a stack of its own stands for the OS thread.
struct Fiber {
  void* context = nullptr;  ///< where it is suspended
  std::byte* stack = nullptr;
  size_t bytes = 0;
  void* fake_stack = nullptr;  ///< AddressSanitizer's
};

/// Suspends `from`, the running fiber, and continues `to`; returns when someone switches back to `from`.
void switch_fiber(Fiber& from, Fiber& to);

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
