#include "kernels/device/math.cuh"
#include "kernels/device/reduce.cuh"
#include "kernels/gradient_norm.h"
#include "kernels/host/launch.h"

namespace cucurbit::kernels {

/// A block to each chunk of the parameters. Within a chunk the type of the gradients is exact enough; chunks are added in
/// double, since there may be many thousands.
template <int kThreads, class A>
__global__ void chunk_squares_kernel(const A* __restrict__ gradients, const ParameterChunk* __restrict__ chunks,
                                     double* partial) {
  const ParameterChunk chunk = chunks[blockIdx.x];
  gradients += chunk.begin;
  const A squares = loop_sum<A>(strided<kThreads>(chunk.count), [&](int i) { return gradients[i] * gradients[i]; });
  const double sum = block_sum<kThreads>(double(squares));
  if (thread_index<kThreads>() == 0) partial[blockIdx.x] = sum;
}

/// One block adds the chunks, each thread every kThreads-th: the order depends on their number alone.
template <int kThreads>
__global__ void clip_scale_kernel(const double* __restrict__ partial, int64_t count, double max_norm, float* scale,
                                  double* norm) {
  const double sum =
      block_sum<kThreads>(loop_sum<double>(strided<kThreads>(count), [&](int64_t i) { return partial[i]; }));
  if (thread_index<kThreads>() != 0) return;
  const double length = math::sqrt(sum), limit = max_norm / (length + 1e-6);
  *scale = float(limit > 1 ? 1 : limit);
  if (norm != nullptr) *norm = length;
}

template <class A>
void chunk_squares(const A* gradients, const ParameterChunk* chunks, int64_t chunk_count, double* partial,
                   cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(chunk_squares_kernel, A), chunk_count, stream, gradients, chunks, partial);
}

void clip_scale(const double* partial, int64_t count, double max_norm, float* scale, double* norm,
                cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(clip_scale_kernel), 1, stream, partial, count, max_norm, scale, norm);
}

template void chunk_squares(const float*, const ParameterChunk*, int64_t, double*, cudaStream_t);
template void chunk_squares(const double*, const ParameterChunk*, int64_t, double*, cudaStream_t);

}  // namespace cucurbit::kernels
