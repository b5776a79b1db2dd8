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
void fold(const Tensor& filter, const Tensor& bias, const FrozenNorm& norm, const FoldedConv& folded) {
  using A = acc_t<T>;
  const kernels::FrozenNorm<A> frozen{norm.gamma.data<A>(), norm.beta.data<A>(), norm.mean.data<A>(),
                                      norm.variance.data<A>(), norm.epsilon};
  const int64_t channels = filter.dim(0);
  kernels::fold_norm(filter.data<A>(), bias ? bias.data<A>() : nullptr, frozen, folded.filter.data<T>(),
                     folded.bias.data<T>(), channels, filter.size() / channels, stream());
}
}  // namespace

FoldedConv fold_conv_norm(const Tensor& filter, const Tensor& bias, const FrozenNorm& norm, DType compute) {
  const int64_t channels = filter.dim(0);
  expect_bias("conv_norm", bias, channels, filter);
  FoldedConv folded{Tensor::empty(filter.shape(), compute), Tensor::empty({channels}, compute)};
  if (compute == DType::bf16)
    fold<bf16>(filter, bias, norm, folded);
  else
    fold<float>(filter, bias, norm, folded);
  return folded;
}

bool folds_conv_norm(const Tensor& x, Activation activation, const Tensor& residual) {
  const bool plain = activation == Activation::identity && !residual;
  return (plain || activation == Activation::relu) && x.dtype() != DType::f64 && x.dim(0) > 0 &&
         math_mode() == Math::vendor;
}

Tensor folded_conv(const Tensor& x, const FoldedConv& folded, const Conv2dGeometry& geometry, Activation activation,
                   const Tensor& residual) {
  const kernels::ConvShape shape = conv_shape(x.shape(), folded.filter.shape(), geometry);
  const OpScope scope("conv2d + norm", [&] {
    // Without ReLU the call uses an algorithm that computes by the formula: see vendor_conv_bias_activation.
    const auto used = activation == Activation::relu ? vendor_conv_arithmetic(ConvDirection::forward, shape, x.dtype())
                                                     : std::nullopt;
    return describe_conv(shape, x.dtype(), used, residual ? 1 : 0);
  });
  Tensor y = Tensor::empty({shape.n, shape.p, shape.q, shape.k}, x.dtype());
  const bool relu = activation == Activation::relu;
  return vendor_conv_bias_activation(shape, x, folded.filter, folded.bias, residual, relu, y) ? y : Tensor();
}

}  // namespace cucurbit
