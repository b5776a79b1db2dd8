#include "kernels/device/math.cuh"
#include "kernels/device/reduce.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/host/launch.h"
#include "kernels/muon.h"

namespace cucurbit::kernels {

/// A block to each chunk of the parameters, which leaves the chunk's sum of squares for normalize_matrices_kernel.
template <int kThreads, class A>
__global__ void muon_momentum_kernel(const A* __restrict__ gradients, A* __restrict__ velocities,
                                     A* __restrict__ directions, const ParameterChunk* __restrict__ chunks, A momentum,
                                     A along, A across, const float* gradient_scale, double* __restrict__ partial) {
  const ParameterChunk chunk = chunks[blockIdx.x];
  gradients += chunk.begin;
  velocities += chunk.begin;
  directions += chunk.begin;
  const A scale = gradient_scale != nullptr ? A(*gradient_scale) : A(1);
  for_each(strided<kThreads>(chunk.count), [&](int i) {
    const A g = scale * gradients[i], v = momentum * velocities[i] + g;
    velocities[i] = v;
    directions[i] = along * g + across * v;
  });
  // Each thread reads what it wrote itself, so no barrier lies between. The sum over the block has its own.
  const A squares = loop_sum<A>(strided<kThreads>(chunk.count), [&](int i) { return directions[i] * directions[i]; });
  const double sum = block_sum<kThreads>(double(squares));
  if (thread_index<kThreads>() == 0) partial[blockIdx.x] = sum;
}

/// Divides every matrix by its Frobenius norm. Each block of a matrix adds the same partial sums in the same order, which
/// costs less than one more launch and gives all of them the same factor.
template <int kThreads, class A>
__global__ void normalize_matrices_kernel(A* __restrict__ directions, const ParameterChunk* __restrict__ chunks,
                                          const ChunkRange* __restrict__ ranges, const double* __restrict__ partial) {
  const ParameterChunk chunk = chunks[blockIdx.x];
  const ChunkRange range = ranges[chunk.segment];
  const double squares = block_sum<kThreads>(
      loop_sum<double>(strided<kThreads>(range.count), [&](int64_t i) { return partial[range.first + i]; }));
  const A factor = A(1 / (math::sqrt(squares) + 1e-7));
  directions += chunk.begin;
  for_each(strided<kThreads>(chunk.count), [&](int i) { directions[i] *= factor; });
}

template <class A>
void muon_momentum(const A* gradients, A* velocities, A* directions, const ParameterChunk* chunks, int64_t chunk_count,
                   double momentum, bool nesterov, const float* gradient_scale, double* partial, cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(muon_momentum_kernel, A), chunk_count, stream, gradients, velocities, directions, chunks,
              A(momentum), nesterov ? A(1) : A(0), nesterov ? A(momentum) : A(1), gradient_scale, partial);
}

template <class A>
void normalize_matrices(A* directions, const ParameterChunk* chunks, int64_t chunk_count, const ChunkRange* ranges,
                        const double* partial, cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(normalize_matrices_kernel, A), chunk_count, stream, directions, chunks, ranges, partial);
}

#define CUCURBIT_INSTANTIATE(A)                                                                                      \
  template void muon_momentum(const A*, A*, A*, const ParameterChunk*, int64_t, double, bool, const float*, double*, \
                              cudaStream_t);                                                                         \
  template void normalize_matrices(A*, const ParameterChunk*, int64_t, const ChunkRange*, const double*, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
