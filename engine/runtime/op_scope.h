#pragma once

#include <string>

#include "engine/tensor.h"

/// The one hook that every op passes: listeners learn from it which ops run and what they do.
namespace cucurbit {

/// The multiplications and additions of an op's products, and the element type in which they are computed, on which
/// their rate depends.
struct Arithmetic {
  double flop = 0;
  DType type = DType::f32;
};

/// What an OpScope tells a listener about its op.
struct OpDescription {
  std::string shape;
  double bytes = 0;            // each operand moved once between memory and the processor
  Arithmetic direct = {};      // by the formula of the op
  Arithmetic used = {};        // by the algorithm that computes it
  const char* algorithm = "";  // its name, where it is not the formula
};

/// Describes an op that reads or writes `arrays` arrays of the size of x and computes next to nothing.
inline OpDescription moves(const Tensor& x, double arrays) {
  return {.shape = to_string(x.shape()), .bytes = arrays * double(x.bytes())};
}

/// Describes an op that computes its products directly by its formula.
inline OpDescription multiplies(std::string shape, double bytes, Arithmetic arithmetic) {
  return {.shape = std::move(shape), .bytes = bytes, .direct = arithmetic, .used = arithmetic};
}

/// A listener is notified of the ops that its thread executes while it exists, unless another listener was created
/// after it. Ops may contain ops: calls of begin and end nest. A listener must not be created or destroyed inside an
/// op.
class OpListener {
 public:
  OpListener() : previous_(current_) { current_ = this; }
  virtual ~OpListener() { current_ = previous_; }
  OpListener(const OpListener&) = delete;
  OpListener& operator=(const OpListener&) = delete;

  /// Called before the op queues any work; `op` is a string literal.
  virtual void begin(const char* op, OpDescription description) = 0;
  /// Called once the op that began last has queued all of its work.
  virtual void end() noexcept = 0;

  /// The newest listener of this thread, or null.
  static OpListener* current() { return current_; }

 private:
  static inline constinit thread_local OpListener* current_ = nullptr;
  OpListener* previous_;
};

/// Makes the rest of its scope a call of `op` for the current listener and, in CUDA builds, an NVTX range that tools
/// such as Nsight Systems show. Without a listener it costs one branch, and one more for NVTX.
class OpScope {
 public:
  /// describe() -> OpDescription; called only if there is a listener.
  template <class Describe>
  OpScope(const char* op, Describe&& describe) : listener_(OpListener::current()) {
    push_range(op);
    if (listener_) [[unlikely]]
      listener_->begin(op, describe());
  }
  ~OpScope() {
    if (listener_) [[unlikely]]
      listener_->end();
    pop_range();
  }
  OpScope(const OpScope&) = delete;
  OpScope& operator=(const OpScope&) = delete;

 private:
#if CUCURBIT_HAS_NVTX
  static void push_range(const char* op) noexcept;
  static void pop_range() noexcept;
#else
  static void push_range(const char*) noexcept {}
  static void pop_range() noexcept {}
#endif

  OpListener* listener_;
};

}  // namespace cucurbit
