#pragma once

#include <cstdint>

namespace cucurbit {

/// Where training stands, in device memory: kernels read it, so that a captured step replays for every step.
/// Random numbers are functions of (seed, purpose, epoch or step, index) alone.
struct StepState {
  uint64_t seed;
  int64_t step;   // batches taken since training began
  int64_t epoch;  // epochs completed
  int64_t batch;  // batches taken in this epoch

  bool operator==(const StepState&) const = default;

  /// The next batch's: step and batch grow by one; after batches_per_epoch batches, batch is 0 and epoch grows by one.
  constexpr StepState next(int64_t batches_per_epoch) const {
    const bool ends = batch + 1 >= batches_per_epoch;
    return {seed, step + 1, epoch + ends, ends ? 0 : batch + 1};
  }
};

}  // namespace cucurbit
