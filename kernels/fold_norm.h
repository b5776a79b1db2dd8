#pragma once

#include <cstdint>

#include "kernels/types.h"

namespace cucurbit::kernels {

/// The running statistics and parameters of a batch normalisation, all [channels], A = acc_t<T>.
template <class A>
struct FrozenNorm {
  const A *gamma, *beta, *mean, *variance;
  double epsilon;
};

/// A normalisation behind a convolution, folded into its filters: with s_k = gamma_k / sqrt(variance_k + epsilon)
///
///   folded[k, :] = s_k filter[k, :],   folded_bias[k] = beta_k + s_k (bias_k - mean_k)
///
///   filter [channels, size] masters; bias [channels], or null for none; folded and folded_bias alike, overwritten;
///   they alias nothing.
///
/// T: float, bf16; computed in float and rounded once. Deterministic.
template <class T>
void fold_norm(const acc_t<T>* filter, const acc_t<T>* bias, const FrozenNorm<acc_t<T>>& norm, T* folded,
               T* folded_bias, int64_t channels, int64_t size, cudaStream_t stream);

}  // namespace cucurbit::kernels
