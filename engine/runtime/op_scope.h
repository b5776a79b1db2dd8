#pragma once

#include <string>

#include "engine/tensor.h"

/// The one hook that every op passes: whoever wants to know which ops run, and what they do, listens here.
namespace cucurbit {

/// Multiplications and additions of an op's products, and the type in which they are made, which decides their rate.
struct Arithmetic {
  double flop = 0;
  DType type = DType::f32;
};

/// What an OpScope says of its op.
struct OpDescription {
  std::string shape;
  double bytes = 0;            // each operand moved once between memory and the processor
  Arithmetic direct = {};      // by the formula of the op
  Arithmetic used = {};        // by the algorithm that computes it
  const char* algorithm = "";  // its name, where it is not the formula
};

/// An op that reads or writes `arrays` arrays of the size of x and computes next to nothing.
inline OpDescription moves(const Tensor& x, double arrays) {
  return {.shape = to_string(x.shape()), .bytes = arrays * double(x.bytes())};
}

/// An op whose products are made as its formula says.
inline OpDescription multiplies(std::string shape, double bytes, Arithmetic arithmetic) {
  return {.shape = std::move(shape), .bytes = bytes, .direct = arithmetic, .used = arithmetic};
}

/// While it lives, it is told of the ops that its thread executes, unless another listener was made after it. Ops may
/// contain ops: calls nest like brackets. A listener must not be made or destroyed inside an op.
class OpListener {
 public:
  OpListener() : previous_(current_) { current_ = this; }
  virtual ~OpListener() { current_ = previous_; }
  OpListener(const OpListener&) = delete;
  OpListener& operator=(const OpListener&) = delete;

  /// Called before the op queues any work; `op` is a string literal.
  virtual void begin(const char* op, OpDescription description) = 0;
  /// Called once the op begun last has queued all of its work.
  virtual void end() noexcept = 0;

  /// The listener of this thread that was made last, or null.
  static OpListener* current() { return current_; }

 private:
  static inline constinit thread_local OpListener* current_ = nullptr;
  OpListener* previous_;
};

/// Makes the rest of its scope a call of `op` for the current listener and, in CUDA builds, an NVTX range that tools such
/// as Nsight Systems show. Costs a branch where nobody listens, and one more for NVTX.
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
