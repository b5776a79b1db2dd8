#pragma once

#include "kernels/step_state.h"
#include "kernels/types.h"

namespace cucurbit::kernels {

/// y[i] = keep(i) x[i] / (1 - p), or y[i] += with `accumulate`; keep(i) is 0 with probability p, else 1.
///
///   x, y [n]; y may be x if not accumulating.   0 <= p < 1.   n <= 2^34.
///   state: in device memory; keep is a function of (seed, step, purpose, i), so that the same call on dy is the
///   backward pass, nothing is stored, and a replayed graph draws a new mask for every step.
///
/// The probability is exact to 2^-32. p = 0 copies. T: float, bf16, double. Deterministic; the mask does not depend on
/// T or on the device. Srivastava et al., Dropout, JMLR 2014.
template <class T>
void dropout(const T* x, T* y, int64_t n, float p, const StepState* state, uint32_t purpose, bool accumulate,
             cudaStream_t stream);

/// Stochastic depth: y[n, i] = keep(n) x[n, i] / (1 - p), or y[n, i] += with `accumulate`; keep(n) is 0 for a whole
/// sample with probability p, else 1.
///
///   x, y [batch, size]; y may be x if not accumulating.   0 <= p < 1.   batch < 2^32.
///
/// As for dropout, with keep a function of (seed, step, purpose, n). Huang et al., Deep Networks with Stochastic Depth,
/// ECCV 2016.
template <class T>
void drop_path(const T* x, T* y, int64_t batch, int64_t size, float p, const StepState* state, uint32_t purpose,
               bool accumulate, cudaStream_t stream);

}  // namespace cucurbit::kernels
