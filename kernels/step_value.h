#pragma once

#include <cstdint>

#include "kernels/step_state.h"

namespace cucurbit::kernels {

/// A number that kernels read where it may change over a training: a learning rate, the weight of a loss, a
/// temperature. A captured step freezes every argument that the host passes by value, so what changes lies in a table
/// in device memory and is picked by the step at which `state` stands:
///
///   value = table[min(state->step(), count - 1)], or `constant` where there is no table
template <class T>
struct StepValue {
  T constant = 0;
  const T* table = nullptr;  // [count] in device memory; count >= 1
  int64_t count = 0;
  const StepState* state = nullptr;  // device memory; not null where there is a table
};

}  // namespace cucurbit::kernels
