#include "kernels/device/launch.h"
#include "kernels/device/math.cuh"
#include "kernels/device/reduce.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/muon.h"

namespace cucurbit::kernels {

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
  const A squares = loop_sum<A>(strided<kThreads>(chunk.count), [&](int i) { return directions[i] * directions[i]; });
  const double sum = block_sum<kThreads>(double(squares));
  if (thread_index<kThreads>() == 0) partial[blockIdx.x] = sum;
}

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

#define INSTANTIATE(A)                                                                                               \
  template void muon_momentum(const A*, A*, A*, const ParameterChunk*, int64_t, double, bool, const float*, double*, \
                              cudaStream_t);                                                                         \
  template void normalize_matrices(A*, const ParameterChunk*, int64_t, const ChunkRange*, const double*, cudaStream_t);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace cucurbit::kernels
