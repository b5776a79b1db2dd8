#pragma once

#include <cuda_runtime.h>

#include <string>
#include <vector>

#include "engine/runtime/op_scope.h"

namespace cucurbit {

/// The calls of one op on one shape by one algorithm.
struct OpTime {
  std::string op;
  OpDescription description;  // bytes and flop are those of all calls
  double seconds = 0;         // of all calls, by events of the device
  double fastest = 0;         // seconds of one call
  int64_t calls = 0;
};

/// Measures the ops that its thread executes while it exists. They run on stream() as usual. Ops cannot be measured
/// inside a graph capture: profile eager steps.
class Profiler final : public OpListener {
 public:
  Profiler() = default;
  ~Profiler() override;

  /// Waits for the device and returns the ops executed since the last call, in the order of their first calls. Throws
  /// Error bug if the timer of an op could not be started or stopped.
  std::vector<OpTime> take();

  void begin(const char* op, OpDescription description) override;
  void end() noexcept override;

 private:
  struct Call {
    const char* op;
    OpDescription description;
    cudaEvent_t start, stop;
  };
  void forget() noexcept;

  std::vector<Call> calls_;
  std::vector<size_t> open_;  // the calls that have begun and not ended, the innermost last
};

}  // namespace cucurbit
