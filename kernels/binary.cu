#include "kernels/binary.h"
#include "kernels/device/numeric.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/host/launch.h"

namespace cucurbit::kernels {

namespace {
template <Binary op, class A>
__device__ __forceinline__ A apply(A a, A b) {
  if constexpr (op == Binary::add) return a + b;
  if constexpr (op == Binary::sub) return a - b;
  if constexpr (op == Binary::mul) return a * b;
  if constexpr (op == Binary::div) return a / b;
  if constexpr (op == Binary::maximum) return a > b || a != a ? a : b;
}

template <Binary op, Operand operand, class A>
__device__ __forceinline__ A gradient(A dy, [[maybe_unused]] A a, [[maybe_unused]] A b) {
  constexpr bool first = operand == Operand::a;
  if constexpr (op == Binary::add) return dy;
  if constexpr (op == Binary::sub) return first ? dy : -dy;
  if constexpr (op == Binary::mul) return dy * (first ? b : a);
  if constexpr (op == Binary::div) return first ? dy / b : -dy * a / (b * b);
  if constexpr (op == Binary::maximum) {
    const A mine = first ? a : b, other = first ? b : a;
    return mine > other ? dy : mine == other ? A(0.5) * dy : A(0);
  }
}

/// Where a and b are read for element i of the result. i is taken apart from the last dimension to the first; a dimension
/// in which an operand is broadcast has stride 0 there.
struct Place {
  int64_t a, b;
};
__device__ __forceinline__ Place place_of(int64_t i, const Broadcast& layout) {
  Place place{0, 0};
  for (int axis = layout.rank - 1; axis > 0; --axis) {
    const int64_t next = i / layout.size[axis], at = i - next * layout.size[axis];
    place.a += at * layout.stride_a[axis];
    place.b += at * layout.stride_b[axis];
    i = next;
  }
  place.a += i * layout.stride_a[0];
  place.b += i * layout.stride_b[0];
  return place;
}

/// f(i, place in a, place in b) for the block's tile. One thread goes along runs of the last dimension, in which every
/// operand stands still or moves by 1.
template <int kThreads, class F>
__device__ __forceinline__ void for_broadcast(const Broadcast& layout, F f) {
  if constexpr (kThreads == 1) {
    const int last = layout.rank - 1;
    const int64_t run = layout.size[last];
    const int64_t begin = int64_t(blockIdx.x) * kTile;
    const int64_t end = begin + kTile < layout.elements ? begin + kTile : layout.elements;
    for (int64_t at = begin, length; at < end; at += length) {
      const int64_t left = run - at % run;
      length = left < end - at ? left : end - at;
      const Place place = place_of(at, layout);
      const StridedRange<1, int64_t> range{0, length};
      if (layout.stride_b[last] == 0)
        for_each(range, [&](int64_t c) { f(at + c, place.a + c, place.b); });
      else if (layout.stride_a[last] == 0)
        for_each(range, [&](int64_t c) { f(at + c, place.a, place.b + c); });
      else
        for_each(range, [&](int64_t c) { f(at + c, place.a + c, place.b + c); });
    }
  } else {
    for (int64_t i : tile_of<kThreads>(layout.elements)) {
      const Place place = place_of(i, layout);
      f(i, place.a, place.b);
    }
  }
}

/// Calls f with op as a template argument.
template <class F>
void dispatch_binary(Binary op, F f) {
  switch (op) {
    case Binary::add:
      return f(std::integral_constant<Binary, Binary::add>{});
    case Binary::sub:
      return f(std::integral_constant<Binary, Binary::sub>{});
    case Binary::mul:
      return f(std::integral_constant<Binary, Binary::mul>{});
    case Binary::div:
      return f(std::integral_constant<Binary, Binary::div>{});
    case Binary::maximum:
      return f(std::integral_constant<Binary, Binary::maximum>{});
  }
}
}  // namespace

template <int kThreads, class T, Binary op>
__global__ void binary_kernel(const T* a, const T* b, T* y, Broadcast layout) {
  for_broadcast<kThreads>(layout, [&](int64_t i, int64_t in_a, int64_t in_b) {
    y[i] = from_acc<T>(apply<op>(to_acc(a[in_a]), to_acc(b[in_b])));
  });
}

template <int kThreads, class T, class D, Binary op, Operand operand>
__global__ void binary_backward_kernel(const T* dy, const T* a, const T* b, D* d, Broadcast layout, bool accumulate) {
  const auto value = [&](int64_t i, int64_t in_a, int64_t in_b) {
    return gradient<op, operand>(to_acc(dy[i]), to_acc(a[in_a]), to_acc(b[in_b]));
  };
  if (accumulate)
    for_broadcast<kThreads>(layout, [&](int64_t i, int64_t in_a, int64_t in_b) {
      d[i] = from_acc<D>(to_acc(d[i]) + value(i, in_a, in_b));
    });
  else
    for_broadcast<kThreads>(layout,
                            [&](int64_t i, int64_t in_a, int64_t in_b) { d[i] = from_acc<D>(value(i, in_a, in_b)); });
}

template <class T>
void binary(Binary op, const T* a, const T* b, T* y, const Broadcast& layout, cudaStream_t stream) {
  dispatch_binary(op, [&]<Binary o>(std::integral_constant<Binary, o>) {
    launch<256>(CUCURBIT_KERNEL(binary_kernel, T, o), blocks_for(layout.elements, kTile), stream, a, b, y, layout);
  });
}

template <class T, class D>
void binary_backward(Binary op, Operand operand, const T* dy, const T* a, const T* b, D* d, const Broadcast& layout,
                     bool accumulate, cudaStream_t stream) {
  dispatch_binary(op, [&]<Binary o>(std::integral_constant<Binary, o>) {
    const auto run = [&](auto kernel) {
      launch<256>(kernel, blocks_for(layout.elements, kTile), stream, dy, a, b, d, layout, accumulate);
    };
    if (operand == Operand::a)
      run(CUCURBIT_KERNEL(binary_backward_kernel, T, D, o, Operand::a));
    else
      run(CUCURBIT_KERNEL(binary_backward_kernel, T, D, o, Operand::b));
  });
}

#define CUCURBIT_INSTANTIATE(T, D)                                                                         \
  template void binary_backward(Binary, Operand, const T*, const T*, const T*, D*, const Broadcast&, bool, \
                                cudaStream_t);
CUCURBIT_INSTANTIATE(float, float)
CUCURBIT_INSTANTIATE(bf16, bf16)
CUCURBIT_INSTANTIATE(bf16, float)
CUCURBIT_INSTANTIATE(double, double)
#undef CUCURBIT_INSTANTIATE
template void binary(Binary, const float*, const float*, float*, const Broadcast&, cudaStream_t);
template void binary(Binary, const bf16*, const bf16*, bf16*, const Broadcast&, cudaStream_t);
template void binary(Binary, const double*, const double*, double*, const Broadcast&, cudaStream_t);

}  // namespace cucurbit::kernels
