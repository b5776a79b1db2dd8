#include "dnnl_epilogue.h"

#include <algorithm>
#include <type_traits>

/// The epilogue in vectorised loops, on all cores.

namespace softgpu::onednn {
namespace {

template <Activation kind, class A>
A activate(A value) {
  if constexpr (kind == Activation::kRelu) return value < A(0) ? A(0) : value;
  if constexpr (kind == Activation::kReluDropNan) return value > A(0) ? value : A(0);
  return value;
}

/// What a call does is given by template parameters, so that the loop over columns vectorises.
template <Activation kind, bool kProduct, bool kPrior, bool kBias, class A, class T>
void run(const Epilogue<A, T>& e, const A* __restrict__ product, T* out) {
#pragma omp parallel for schedule(static) if (e.rows * e.cols > 32768)
  for (int64_t r = 0; r < e.rows; ++r) {
    const A* const from = kProduct ? product + r * e.cols : nullptr;
    const T* const prior = kPrior ? e.prior + r * e.stride : nullptr;
    T* const into = out + r * e.stride;
#pragma omp simd
    for (int64_t c = 0; c < e.cols; ++c) {
      A value = kProduct ? e.alpha * from[c] : A(0);
      if constexpr (kPrior) value += e.beta * static_cast<A>(prior[c]);
      if constexpr (kBias) value += static_cast<A>(e.bias[c]);
      into[c] = static_cast<T>(activate<kind>(value));
    }
  }
}

template <class F>
void dispatch(bool flag, F f) {
  flag ? f(std::true_type{}) : f(std::false_type{});
}

template <class F>
void dispatch(Activation activation, F f) {
  switch (activation) {
    case Activation::kRelu:
      return f(std::integral_constant<Activation, Activation::kRelu>{});
    case Activation::kReluDropNan:
      return f(std::integral_constant<Activation, Activation::kReluDropNan>{});
    default:
      return f(std::integral_constant<Activation, Activation::kIdentity>{});
  }
}

}  // namespace

template <class A, class T>
void Epilogue<A, T>::operator()(const A* product, T* out) const {
  dispatch(activation, [&](auto kind) {
    dispatch(product != nullptr && alpha != A(0), [&](auto has_product) {
      dispatch(beta != A(0), [&](auto has_prior) {
        dispatch(bias != nullptr,
                 [&](auto has_bias) { run<kind(), has_product(), has_prior(), has_bias()>(*this, product, out); });
      });
    });
  });
}

namespace {
/// Calls f(first, last) for parts of [0, count), on all cores.
template <class F>
void for_parts(int64_t count, F f) {
  constexpr int64_t kPart = 32768;
#pragma omp parallel for schedule(static)
  for (int64_t first = 0; first < count; first += kPart) f(first, std::min(first + kPart, count));
}
}  // namespace

void relu_in_place(float* values, int64_t count) {
  for_parts(count, [=](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) values[i] = values[i] < 0 ? 0 : values[i];
  });
}

void relu_in_place(__nv_bfloat16* values, int64_t count) {
  uint16_t* const bits = reinterpret_cast<uint16_t*>(values);
  for_parts(count, [=](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const bool negative = bits[i] >= 0x8000u && bits[i] <= 0xff80u;  // patterns above 0xff80 are NaNs
      bits[i] = negative ? uint16_t{0} : bits[i];
    }
  });
}

template struct Epilogue<float, float>;
template struct Epilogue<float, __nv_bfloat16>;
template struct Epilogue<double, double>;

}  // namespace softgpu::onednn
