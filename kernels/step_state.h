#pragma once

#include <cstdint>

namespace cucurbit {

/// Where training stands, in device memory: kernels read it, so that a captured step replays for every step. A step is
/// one update of the weights, made of grad_accum_steps micro-batches. Random numbers are functions of (seed, purpose,
/// epoch or micro-batch, index) alone.
struct StepState {
  uint64_t seed = 0;
  int64_t micro_batch = 0;        // micro-batches taken since training began
  int64_t epoch = 0;              // epochs completed
  int64_t epoch_micro_batch = 0;  // micro-batches taken in this epoch
  int64_t grad_accum_steps = 1;   // micro-batches of a step

  bool operator==(const StepState&) const = default;

  /// Steps completed.
  constexpr int64_t step() const { return grad_accum_steps == 1 ? micro_batch : micro_batch / grad_accum_steps; }

  /// The next micro-batch's: after micro_batches_per_epoch of them, epoch_micro_batch is 0 and epoch grows by one.
  constexpr StepState next(int64_t micro_batches_per_epoch) const {
    const bool ends = epoch_micro_batch + 1 >= micro_batches_per_epoch;
    return {seed, micro_batch + 1, epoch + ends, ends ? 0 : epoch_micro_batch + 1, grad_accum_steps};
  }
};

}  // namespace cucurbit
