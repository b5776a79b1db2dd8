#include "engine/ops/conv_norm.h"

#include "engine/math_mode.h"
#include "engine/ops/bias.h"
#include "engine/ops/conv2d_backends.h"
#include "engine/runtime/op_scope.h"
#include "engine/runtime/stream.h"
#include "kernels/fold_norm.h"

namespace cucurbit {

namespace {
template <class T>
Tensor run(const Tensor& x, const Tensor& filter, const Tensor& bias, const kernels::ConvShape& shape,
           const FrozenNorm& norm, Activation activation, const Tensor& residual) {
  using A = acc_t<T>;
  const Tensor folded = Tensor::empty(filter.shape(), x.dtype()), folded_bias = Tensor::empty({shape.k}, x.dtype());
  const kernels::FrozenNorm<A> frozen{norm.gamma.data<A>(), norm.beta.data<A>(), norm.mean.data<A>(),
                                      norm.variance.data<A>(), norm.epsilon};
  kernels::fold_norm(filter.data<A>(), bias ? bias.data<A>() : nullptr, frozen, folded.data<T>(), folded_bias.data<T>(),
                     shape.k, filter.size() / shape.k, stream());
  Tensor y = Tensor::empty({shape.n, shape.p, shape.q, shape.k}, x.dtype());
  const bool relu = activation == Activation::relu;
  return vendor_conv_bias_activation(shape, x, folded, folded_bias, residual, relu, y) ? y : Tensor();
}
}  // namespace

Tensor conv_norm_inference(const Tensor& x, const Tensor& filter, const Tensor& bias, const Conv2dGeometry& geometry,
                           const FrozenNorm& norm, Activation activation, const Tensor& residual) {
  const bool plain = activation == Activation::identity && !residual;
  const bool served = (plain || activation == Activation::relu) && x.dtype() != DType::f64 && x.dim(0) > 0 &&
                      math_mode() == Math::vendor;
  if (!served) return {};
  const kernels::ConvShape shape = conv_shape(x.shape(), filter.shape(), geometry);
  expect_bias("conv_norm", bias, shape.k, x);
  const OpScope scope("conv2d + norm", [&] {
    // Without a ReLU the call takes the algorithm that is the formula: see vendor_conv_bias_activation.
    const auto used = activation == Activation::relu ? vendor_conv_arithmetic(ConvDirection::forward, shape, x.dtype())
                                                     : std::nullopt;
    return describe_conv(shape, x.dtype(), used, residual ? 1 : 0);
  });
  if (x.dtype() == DType::bf16) return run<bf16>(x, filter, bias, shape, norm, activation, residual);
  return run<float>(x, filter, bias, shape, norm, activation, residual);
}

}  // namespace cucurbit
