#include "kernels/device/math.cuh"
#include "kernels/device/numeric.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/fold_norm.h"
#include "kernels/host/launch.h"

namespace cucurbit::kernels {

namespace {
constexpr int kBlockThreads = 256;
}

/// A block to each output channel, whose filter lies together. y = gamma (conv(x) + bias - mean) / deviation + beta is a
/// convolution again, with the filter scaled and a bias of its own.
template <int kThreads, class T>
__global__ void fold_norm_kernel(const acc_t<T>* __restrict__ filter, const acc_t<T>* __restrict__ bias,
                                 FrozenNorm<acc_t<T>> norm, T* __restrict__ folded, T* __restrict__ folded_bias,
                                 int64_t size) {
  using A = acc_t<T>;
  const int64_t k = blockIdx.x;
  const A scale = norm.gamma[k] / math::sqrt(norm.variance[k] + A(norm.epsilon));
  const A constant = bias == nullptr ? A(0) : bias[k];
  if (thread_index<kThreads>() == 0) folded_bias[k] = from_acc<T>(norm.beta[k] + scale * (constant - norm.mean[k]));
  for_each(strided<kThreads>(size),
           [&](int64_t i) { folded[k * size + i] = from_acc<T>(scale * filter[k * size + i]); });
}

template <class T>
void fold_norm(const acc_t<T>* filter, const acc_t<T>* bias, const FrozenNorm<acc_t<T>>& norm, T* folded,
               T* folded_bias, int64_t channels, int64_t size, cudaStream_t stream) {
  launch<kBlockThreads>(CUCURBIT_KERNEL(fold_norm_kernel, T), channels, stream, filter, bias, norm, folded, folded_bias,
                        size);
}

#define CUCURBIT_INSTANTIATE(T)                                                                                    \
  template void fold_norm(const acc_t<T>*, const acc_t<T>*, const FrozenNorm<acc_t<T>>&, T*, T*, int64_t, int64_t, \
                          cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
