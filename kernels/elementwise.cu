#include "kernels/elementwise.h"

#include "kernels/device/launch.h"
#include "kernels/device/numeric.cuh"
#include "kernels/device/vector.cuh"

namespace cucurbit::kernels {

namespace {
/// double if either type is double, else float.
template <class A, class B>
using common_acc_t = std::conditional_t<std::is_same_v<A, double> || std::is_same_v<B, double>, double, float>;

template <class To, class From>
__device__ __forceinline__ To convert(From x) {
  if constexpr (std::is_same_v<To, From>) {
    return x;
  } else if constexpr (std::is_same_v<To, bf16> && std::is_same_v<From, double>) {
    return __double2bfloat16(x);  // by way of float it would round twice
  } else {
    return from_acc<To>(to_acc(x));
  }
}
}  // namespace

template <int kThreads, class T>
__global__ void fill_kernel(T* y, int64_t n, T value) {
  map_tile<kThreads>(n, [&] { return value; }, y);
}

template <int kThreads, class From, class To>
__global__ void cast_kernel(const From* x, To* y, int64_t n) {
  map_tile<kThreads>(n, [](From value) { return convert<To>(value); }, y, x);
}

template <int kThreads, class From, class To>
__global__ void add_into_kernel(const From* x, To* y, int64_t n) {
  using A = common_acc_t<From, To>;
  map_tile<kThreads>(n, [](To sum, From value) { return convert<To>(A(to_acc(sum)) + A(to_acc(value))); }, y, y, x);
}

template <class T>
void fill(T* y, int64_t n, double value, cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(fill_kernel, T), blocks_for(n, kTile), stream, y, n, T(value));
}

template <class From, class To>
void cast(const From* x, To* y, int64_t n, cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(cast_kernel, From, To), blocks_for(n, kTile), stream, x, y, n);
}

template <class From, class To>
void add_into(const From* x, To* y, int64_t n, cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(add_into_kernel, From, To), blocks_for(n, kTile), stream, x, y, n);
}

#define CUCURBIT_INSTANTIATE(T) template void fill(T*, int64_t, double, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
CUCURBIT_INSTANTIATE(int32_t)
CUCURBIT_INSTANTIATE(int64_t)
CUCURBIT_INSTANTIATE(uint8_t)
#undef CUCURBIT_INSTANTIATE

#define CUCURBIT_INSTANTIATE(To)                                        \
  template void cast(const float*, To*, int64_t, cudaStream_t);         \
  template void cast(const bf16*, To*, int64_t, cudaStream_t);          \
  template void cast(const double*, To*, int64_t, cudaStream_t);        \
  template void cast(const uint8_t*, To*, int64_t, cudaStream_t);       \
  template void add_into(const float*, To*, int64_t, cudaStream_t);     \
  template void add_into(const bf16*, To*, int64_t, cudaStream_t);      \
  template void add_into(const double*, To*, int64_t, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
