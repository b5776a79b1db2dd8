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
};

}  // namespace cucurbit
