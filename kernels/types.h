#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <cstdint>

namespace cucurbit {

using bf16 = __nv_bfloat16;

/// The type in which values of type T are accumulated: double for double, float for the rest.
template <class T>
struct Accumulator {
  using type = float;
};
template <>
struct Accumulator<double> {
  using type = double;
};
template <class T>
using acc_t = typename Accumulator<T>::type;

}  // namespace cucurbit
