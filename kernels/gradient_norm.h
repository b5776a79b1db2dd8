#pragma once

#include "kernels/optimizer.h"

/// The norm of all gradients of a parameter store, in two stages with a fixed order of additions: deterministic.
namespace cucurbit::kernels {

/// partial[i] = sum of g^2 over chunk i.
///
///   gradients [store]; chunks [chunk_count]; partial [chunk_count], overwritten.   A: float, double
template <class A>
void chunk_squares(const A* gradients, const ParameterChunk* chunks, int64_t chunk_count, double* partial,
                   cudaStream_t stream);

/// *scale = min(1, max_norm / (norm + 1e-6)), norm = sqrt(sum of partial): the factor that limits the norm of all
/// gradients to max_norm, as torch.nn.utils.clip_grad_norm_. NaN where the norm is.
///
///   partial [count]; scale [1], overwritten; norm [1], overwritten, or null.   max_norm > 0
void clip_scale(const double* partial, int64_t count, double max_norm, float* scale, double* norm, cudaStream_t stream);

}  // namespace cucurbit::kernels
