#pragma once

#include "kernels/types.h"

namespace cucurbit {

/// Conversions between storage types and the type they are computed in.
__device__ __forceinline__ float to_acc(float x) { return x; }
__device__ __forceinline__ double to_acc(double x) { return x; }
__device__ __forceinline__ float to_acc(bf16 x) { return __bfloat162float(x); }
__device__ __forceinline__ float to_acc(uint8_t x) { return float(x); }

template <class T>
__device__ __forceinline__ T from_acc(acc_t<T> x) {
  return T(x);
}
template <>
__device__ __forceinline__ bf16 from_acc<bf16>(float x) {
  return __float2bfloat16(x);
}

}  // namespace cucurbit
