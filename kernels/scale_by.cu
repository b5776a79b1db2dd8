#include "kernels/device/step_value.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/host/launch.h"
#include "kernels/scale_by.h"

namespace cucurbit::kernels {

template <int kThreads, class T>
__global__ void scale_by_kernel(const T* x, T* y, int64_t n, StepValue<double> factor, bool reciprocal,
                                bool accumulate) {
  using A = acc_t<T>;
  const double value = read(factor);
  const A by = A(reciprocal ? 1 / value : value);
  if (accumulate)
    map_tile<kThreads>(
        n, [&](T sum, T element) { return from_acc<T>(to_acc(sum) + by * to_acc(element)); }, y, y, x);
  else
    map_tile<kThreads>(
        n, [&](T element) { return from_acc<T>(by * to_acc(element)); }, y, x);
}

template <class T>
void scale_by(const T* x, T* y, int64_t n, const StepValue<double>& factor, bool reciprocal, bool accumulate,
              cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(scale_by_kernel, T), blocks_for(n, kTile), stream, x, y, n, factor, reciprocal,
              accumulate);
}

#define CUCURBIT_INSTANTIATE(T) \
  template void scale_by(const T*, T*, int64_t, const StepValue<double>&, bool, bool, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
