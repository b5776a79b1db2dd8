#pragma once

#include <cuda_runtime.h>

#include <deque>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace cucurbit {

/// What an op cannot do without: its arithmetic, and each operand moved once between memory and the processor.
struct Work {
  double flop = 0, bytes = 0;
};

/// What a ProfileScope says of its op.
struct OpDescription {
  std::string shape;
  Work work;
};

/// An op that reads or writes `arrays` arrays of the size of x and computes next to nothing.
inline OpDescription moves(const Tensor& x, double arrays) {
  return {to_string(x.shape()), {.flop = 0, .bytes = arrays * double(x.bytes())}};
}

/// The calls of one op on one shape.
struct OpTime {
  std::string op, shape;
  Work work;           // of all calls
  double seconds = 0;  // of all calls, by events of the device
  double fastest = 0;  // seconds of one call
  int64_t calls = 0;
};

/// While it lives, ops executed by this thread leave their times. They run as ever, on stream(), but not inside a graph
/// capture: profile eager steps.
class Profiler {
 public:
  Profiler();
  ~Profiler();
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;

  /// The innermost profiler, or null.
  static Profiler* current();

  /// Waits for the device; what was done since the last call, in order of the first call of each op and shape.
  std::vector<OpTime> take();

 private:
  friend class ProfileScope;
  struct Call {
    std::string op, shape;
    Work work;
    cudaEvent_t start, stop;
  };
  Call& begin(const char* op, std::string shape, Work work);

  std::deque<Call> calls_;  // scopes hold references
  Profiler* previous_;
};

/// Makes the rest of its scope a call of `op` for the current profiler; one branch where there is none.
class ProfileScope {
 public:
  /// describe() -> OpDescription
  template <class Describe>
  ProfileScope(const char* op, Describe&& describe) {
    if (Profiler* profiler = Profiler::current()) [[unlikely]] {
      auto [shape, work] = describe();
      call_ = &profiler->begin(op, std::move(shape), work);
    }
  }
  ~ProfileScope() {
    if (call_) end();
  }
  ProfileScope(const ProfileScope&) = delete;
  ProfileScope& operator=(const ProfileScope&) = delete;

 private:
  void end() noexcept;

  Profiler::Call* call_ = nullptr;
};

}  // namespace cucurbit
