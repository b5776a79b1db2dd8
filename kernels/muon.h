#pragma once

#include "kernels/optimizer.h"

/// The element-wise parts of Muon (Jordan 2024, https://kellerjordan.github.io/posts/muon): momentum, and the scale to
/// norm 1 from which the Newton-Schulz iteration begins. Deterministic. A: float, double.
namespace cucurbit::kernels {

/// Where the chunks of one matrix lie in a table of chunks.
struct ChunkRange {
  int64_t first, count;
};

/// v = momentum v + g;   d = g + momentum v, or v without `nesterov`;   partial[i] = sum of d^2 over chunk i.
///
///   gradients, velocities, directions [store]; velocities are updated, directions overwritten, in the chunks alone
///   gradient_scale  null, or a factor for all gradients, in device memory
///   chunks [chunk_count]; partial [chunk_count], overwritten
template <class A>
void muon_momentum(const A* gradients, A* velocities, A* directions, const ParameterChunk* chunks, int64_t chunk_count,
                   double momentum, bool nesterov, const float* gradient_scale, double* partial, cudaStream_t stream);

/// d /= |d| + 1e-7 for every matrix: its norm comes from the partial sums of its chunks.
///
///   ranges  of each segment that a chunk names;  partial  as muon_momentum leaves it
template <class A>
void normalize_matrices(A* directions, const ParameterChunk* chunks, int64_t chunk_count, const ChunkRange* ranges,
                        const double* partial, cudaStream_t stream);

}  // namespace cucurbit::kernels
