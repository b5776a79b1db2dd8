#pragma once

#include "kernels/device/math.cuh"
#include "kernels/step_value.h"

namespace cucurbit::kernels {

/// The value in force at the step where training stands.
template <class T>
__device__ __forceinline__ T read(const StepValue<T>& value) {
  return value.table ? value.table[math::min(value.state->step(), value.count - 1)] : value.constant;
}

}  // namespace cucurbit::kernels
