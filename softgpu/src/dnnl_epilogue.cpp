#include "dnnl_epilogue.h"

namespace softgpu::onednn {
namespace {

template <class A>
A activate(A value, Activation activation) {
  switch (activation) {
    case Activation::kRelu:
      return value < A(0) ? A(0) : value;
    case Activation::kReluDropNan:
      return value > A(0) ? value : A(0);
    default:
      return value;
  }
}

}  // namespace

template <class A, class T>
void Epilogue<A, T>::operator()(const A* product, T* out) const {
  const bool scaled = product != nullptr && alpha != A(0);
#pragma omp parallel for schedule(static) if (rows * cols > 32768)
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < cols; ++c) {
      A value = scaled ? alpha * product[r * cols + c] : A(0);
      if (beta != A(0)) value += beta * static_cast<A>(prior[r * stride + c]);
      if (bias != nullptr) value += static_cast<A>(bias[c]);
      out[r * stride + c] = static_cast<T>(activate(value, activation));
    }
  }
}

template struct Epilogue<float, float>;
template struct Epilogue<float, __nv_bfloat16>;
template struct Epilogue<double, double>;

}  // namespace softgpu::onednn
