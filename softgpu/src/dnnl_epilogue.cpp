#include "dnnl_epilogue.h"

#include <type_traits>

namespace softgpu::onednn {
namespace {

template <Activation kind, class A>
A activate(A value) {
  if constexpr (kind == Activation::kRelu) return value < A(0) ? A(0) : value;
  if constexpr (kind == Activation::kReluDropNan) return value > A(0) ? value : A(0);
  return value;
}

/// What a call does is known to the compiler, so that the loop over columns vectorises.
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

/// The same work in longer rows, where no bias tells columns apart: short ones do not fill vectors.
template <class A, class T>
Epilogue<A, T> widened(Epilogue<A, T> e) {
  constexpr int64_t kWide = 4096;
  if (e.bias != nullptr || e.stride != e.cols) return e;
  while (e.rows % 2 == 0 && e.rows > 0 && e.cols < kWide) e.rows /= 2, e.cols *= 2;
  e.stride = e.cols;
  return e;
}

}  // namespace

template <class A, class T>
void Epilogue<A, T>::operator()(const A* product, T* out) const {
  const Epilogue wide = widened(*this);
  dispatch(activation, [&](auto kind) {
    dispatch(product != nullptr && alpha != A(0), [&](auto has_product) {
      dispatch(beta != A(0), [&](auto has_prior) {
        dispatch(bias != nullptr,
                 [&](auto has_bias) { run<kind(), has_product(), has_prior(), has_bias()>(wide, product, out); });
      });
    });
  });
}

template struct Epilogue<float, float>;
template struct Epilogue<float, __nv_bfloat16>;
template struct Epilogue<double, double>;

}  // namespace softgpu::onednn
