#include "kernels/device/math.cuh"
#include "kernels/device/numeric.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/elementwise.h"
#include "kernels/host/launch.h"

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

template <Unary op, class A>
__device__ __forceinline__ A apply(A x) {
  if constexpr (op == Unary::exp) return math::exp(x);
  if constexpr (op == Unary::log) return math::log(x);
  if constexpr (op == Unary::sqrt) return math::sqrt(x);
  if constexpr (op == Unary::square) return x * x;
  if constexpr (op == Unary::abs) return math::abs(x);
  if constexpr (op == Unary::neg) return -x;
}

/// op', from y if needs_result(op), else from x.
template <Unary op, class A>
__device__ __forceinline__ A derivative([[maybe_unused]] A saved) {
  if constexpr (op == Unary::exp) return saved;
  if constexpr (op == Unary::log) return A(1) / saved;
  if constexpr (op == Unary::sqrt) return A(0.5) / saved;
  if constexpr (op == Unary::square) return A(2) * saved;
  if constexpr (op == Unary::abs) return saved > 0 ? A(1) : saved < 0 ? A(-1) : A(0);
  if constexpr (op == Unary::neg) return A(-1);
}

/// Calls f with op as a template argument.
template <class F>
void dispatch_unary(Unary op, F f) {
  switch (op) {
    case Unary::exp:
      return f(std::integral_constant<Unary, Unary::exp>{});
    case Unary::log:
      return f(std::integral_constant<Unary, Unary::log>{});
    case Unary::sqrt:
      return f(std::integral_constant<Unary, Unary::sqrt>{});
    case Unary::square:
      return f(std::integral_constant<Unary, Unary::square>{});
    case Unary::abs:
      return f(std::integral_constant<Unary, Unary::abs>{});
    case Unary::neg:
      return f(std::integral_constant<Unary, Unary::neg>{});
  }
}
}  // namespace

template <int kThreads, class T>
__global__ void fill_kernel(T* y, int64_t n, T value) {
  map_tile<kThreads>(
      n, [&] { return value; }, y);
}

template <int kThreads, class From, class To>
__global__ void cast_kernel(const From* x, To* y, int64_t n) {
  map_tile<kThreads>(
      n, [](From value) { return convert<To>(value); }, y, x);
}

template <int kThreads, class From, class To>
__global__ void add_into_kernel(const From* x, To* y, int64_t n) {
  using A = common_acc_t<From, To>;
  map_tile<kThreads>(
      n, [](To sum, From value) { return convert<To>(A(to_acc(sum)) + A(to_acc(value))); }, y, y, x);
}

template <int kThreads, class T, Unary op>
__global__ void unary_kernel(const T* x, T* y, int64_t n) {
  map_tile<kThreads>(
      n, [](T value) { return from_acc<T>(apply<op>(to_acc(value))); }, y, x);
}

template <int kThreads, class T, Unary op, bool accumulate>
__global__ void unary_backward_kernel(const T* dy, const T* saved, T* dx, int64_t n) {
  const auto gradient = [](T cotangent, T kept) { return to_acc(cotangent) * derivative<op>(to_acc(kept)); };
  if constexpr (accumulate) {
    map_tile<kThreads>(
        n, [&](T sum, T cotangent, T kept) { return from_acc<T>(to_acc(sum) + gradient(cotangent, kept)); }, dx, dx, dy,
        saved);
  } else {
    map_tile<kThreads>(
        n, [&](T cotangent, T kept) { return from_acc<T>(gradient(cotangent, kept)); }, dx, dy, saved);
  }
}

template <int kThreads, class T, bool accumulate>
__global__ void scale_kernel(const T* x, T* y, int64_t n, acc_t<T> factor, acc_t<T> offset) {
  if constexpr (accumulate) {
    map_tile<kThreads>(
        n, [&](T sum, T value) { return from_acc<T>(to_acc(sum) + (factor * to_acc(value) + offset)); }, y, y, x);
  } else {
    map_tile<kThreads>(
        n, [&](T value) { return from_acc<T>(factor * to_acc(value) + offset); }, y, x);
  }
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

template <class T>
void unary(Unary op, const T* x, T* y, int64_t n, cudaStream_t stream) {
  dispatch_unary(op, [&]<Unary o>(std::integral_constant<Unary, o>) {
    launch<256>(CUCURBIT_KERNEL(unary_kernel, T, o), blocks_for(n, kTile), stream, x, y, n);
  });
}

template <class T>
void unary_backward(Unary op, const T* dy, const T* saved, T* dx, int64_t n, bool accumulate, cudaStream_t stream) {
  dispatch_unary(op, [&]<Unary o>(std::integral_constant<Unary, o>) {
    const auto run = [&](auto kernel) { launch<256>(kernel, blocks_for(n, kTile), stream, dy, saved, dx, n); };
    if (accumulate)
      run(CUCURBIT_KERNEL(unary_backward_kernel, T, o, true));
    else
      run(CUCURBIT_KERNEL(unary_backward_kernel, T, o, false));
  });
}

template <class T>
void scale(const T* x, T* y, int64_t n, double factor, double offset, bool accumulate, cudaStream_t stream) {
  const auto run = [&](auto kernel) {
    launch<256>(kernel, blocks_for(n, kTile), stream, x, y, n, acc_t<T>(factor), acc_t<T>(offset));
  };
  if (accumulate)
    run(CUCURBIT_KERNEL(scale_kernel, T, true));
  else
    run(CUCURBIT_KERNEL(scale_kernel, T, false));
}

#define CUCURBIT_INSTANTIATE(T) template void fill(T*, int64_t, double, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
CUCURBIT_INSTANTIATE(int32_t)
CUCURBIT_INSTANTIATE(int64_t)
CUCURBIT_INSTANTIATE(uint8_t)
#undef CUCURBIT_INSTANTIATE

#define CUCURBIT_INSTANTIATE(To)                                    \
  template void cast(const float*, To*, int64_t, cudaStream_t);     \
  template void cast(const bf16*, To*, int64_t, cudaStream_t);      \
  template void cast(const double*, To*, int64_t, cudaStream_t);    \
  template void cast(const uint8_t*, To*, int64_t, cudaStream_t);   \
  template void add_into(const float*, To*, int64_t, cudaStream_t); \
  template void add_into(const bf16*, To*, int64_t, cudaStream_t);  \
  template void add_into(const double*, To*, int64_t, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

#define CUCURBIT_INSTANTIATE(T)                                                             \
  template void unary(Unary, const T*, T*, int64_t, cudaStream_t);                          \
  template void unary_backward(Unary, const T*, const T*, T*, int64_t, bool, cudaStream_t); \
  template void scale(const T*, T*, int64_t, double, double, bool, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
