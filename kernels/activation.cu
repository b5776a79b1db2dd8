#include "kernels/activation.h"
#include "kernels/device/activate.cuh"
#include "kernels/device/numeric.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/host/launch.h"

namespace cucurbit::kernels {

template <int kThreads, class T, Activation kind>
__global__ void activation_kernel(const T* x, T* y, int64_t n) {
  map_tile<kThreads>(
      n, [](T value) { return from_acc<T>(activate<kind>(to_acc(value))); }, y, x);
}

template <int kThreads, class T, Activation kind, bool accumulate>
__global__ void activation_backward_kernel(const T* dy, const T* saved, T* dx, int64_t n) {
  using A = acc_t<T>;
  const auto gradient = [](T cotangent, T kept) {
    return A(to_acc(cotangent)) * activate_gradient<kind>(A(to_acc(kept)), A(to_acc(kept)));
  };
  if constexpr (accumulate) {
    map_tile<kThreads>(
        n, [&](T sum, T cotangent, T kept) { return from_acc<T>(to_acc(sum) + gradient(cotangent, kept)); }, dx, dx, dy,
        saved);
  } else {
    map_tile<kThreads>(
        n, [&](T cotangent, T kept) { return from_acc<T>(gradient(cotangent, kept)); }, dx, dy, saved);
  }
}

template <class T>
void activation(const T* x, T* y, int64_t n, Activation kind, cudaStream_t stream) {
  dispatch_activation(kind, [&]<Activation k>(ActivationTag<k>) {
    launch<256>(CUCURBIT_KERNEL(activation_kernel, T, k), blocks_for(n, kTile), stream, x, y, n);
  });
}

template <class T>
void activation_backward(const T* dy, const T* saved, T* dx, int64_t n, Activation kind, bool accumulate,
                         cudaStream_t stream) {
  if (kind == Activation::identity) saved = dy;  // read, not used
  dispatch_activation(kind, [&]<Activation k>(ActivationTag<k>) {
    if (accumulate)
      launch<256>(CUCURBIT_KERNEL(activation_backward_kernel, T, k, true), blocks_for(n, kTile), stream, dy, saved, dx,
                  n);
    else
      launch<256>(CUCURBIT_KERNEL(activation_backward_kernel, T, k, false), blocks_for(n, kTile), stream, dy, saved, dx,
                  n);
  });
}

#define CUCURBIT_INSTANTIATE(T)                                              \
  template void activation(const T*, T*, int64_t, Activation, cudaStream_t); \
  template void activation_backward(const T*, const T*, T*, int64_t, Activation, bool, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
