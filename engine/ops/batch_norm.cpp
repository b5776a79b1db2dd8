#include "engine/ops/batch_norm.h"

#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/runtime/op_scope.h"
#include "engine/runtime/stream.h"
#include "kernels/batch_norm.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
/// The tensors of one call, as its backward pass needs them.
struct BatchNormCall {
  Tensor x, gamma, beta, residual;
  Tensor statistics;  // [2, C]: mean, invstd
  Tensor saved;       // see kernels::BatchNormSaved
  Activation activation;
  bool training;

  int channels() const { return int(x.dim(-1)); }
  int64_t rows() const { return channels() ? x.size() / channels() : 0; }
  Tensor workspace() const {
    return Tensor::empty({kernels::batch_norm_workspace(rows(), channels())}, statistics.dtype());
  }
  template <class A>
  kernels::ChannelAffine<A> affine() const {
    const A* mean = statistics.data<A>();
    return {mean, mean + channels(), gamma.data<A>(), beta.data<A>()};
  }
};

void expect_channels(const Tensor& x, const Tensor& tensor, const char* what) {
  if (tensor.shape() == Shape{x.dim(-1)} && tensor.dtype() == accumulator_of(x.dtype())) return;
  throw Error(ErrorKind::input, fmt::format("[batch_norm] {} is {}, input {}: expected {} [{}]", what, describe(tensor),
                                            describe(x), name(accumulator_of(x.dtype())), x.dim(-1)));
}

void check(const BatchNormCall& call, const Tensor& running_mean, const Tensor& running_variance) {
  const Tensor& x = call.x;
  if (x.rank() < 2) throw Error(ErrorKind::input, fmt::format("[batch_norm] input {}: expected [..., C]", describe(x)));
  expect_channels(x, call.gamma, "gamma");
  expect_channels(x, call.beta, "beta");
  if (!call.training || running_mean || running_variance) {
    expect_channels(x, running_mean, "running mean");
    expect_channels(x, running_variance, "running variance");
  }
  if (call.residual && (call.residual.shape() != x.shape() || call.residual.dtype() != x.dtype()))
    throw Error(ErrorKind::input, fmt::format("[batch_norm] residual {} for input {}: types and shapes must be equal",
                                              describe(call.residual), describe(x)));
  if (call.training && call.rows() == 1)
    throw Error(ErrorKind::input, fmt::format("[batch_norm] training on one value per channel: input {}: use a "
                                              "larger batch",
                                              describe(x)));
}

template <class T>
void compute_statistics(const BatchNormCall& call, const Tensor& running_mean, const Tensor& running_variance,
                        const BatchNormOptions& options) {
  using A = acc_t<T>;
  const int channels = call.channels();
  A *mean = call.statistics.data<A>(), *invstd = mean + channels;
  A* average = running_mean ? running_mean.data<A>() : nullptr;
  A* variance = running_variance ? running_variance.data<A>() : nullptr;
  if (!options.training)
    kernels::frozen_statistics(average, variance, channels, options.epsilon, mean, invstd, stream());
  else if (call.rows() > 0)
    kernels::batch_statistics(call.x.data<T>(), call.rows(), channels, options.epsilon, options.momentum, average,
                              variance, mean, invstd, call.workspace().template data<A>(), stream());
}

/// Where the gradient of a per-channel parameter is written; null if it is not needed.
template <class A>
kernels::ChannelGradient<A> channel_gradient(const Tensor& parameter) {
  if (!wants_gradient(parameter)) return {};
  const GradientTarget gradient = gradient_target(parameter);
  return {gradient.tensor.data<A>(), gradient.accumulate};
}

/// Computes the sums over rows, and the gradients of gamma and beta with them; undefined if nothing needs the sums.
template <class T>
Tensor backward_sums(const BatchNormCall& call, const kernels::BatchNormSaved<T>& saved) {
  using A = acc_t<T>;
  const bool for_input = call.training && wants_gradient(call.x);
  if (!for_input && !wants_gradient(call.gamma) && !wants_gradient(call.beta)) return {};
  const Tensor sums = Tensor::empty({2, call.channels()}, dtype_of<A>);
  kernels::batch_norm_sums(saved, channel_gradient<A>(call.gamma), channel_gradient<A>(call.beta), sums.data<A>(),
                           call.workspace().template data<A>(), stream());
  return sums;
}

template <class T>
void backward(const BatchNormCall& call, const Tensor& dy) {
  using A = acc_t<T>;
  const int maps = 3 + (call.saved ? 1 : 0) + (wants_gradient(call.residual) ? 1 : 0);
  const OpScope scope("batch_norm backward", [&] { return moves(call.x, maps); });
  const kernels::BatchNormSaved<T> saved{call.x.data<T>(), dy.data<T>(), call.saved ? call.saved.data<T>() : nullptr,
                                         call.affine<A>(), call.rows(),  call.channels(),
                                         call.activation};
  const Tensor sums = backward_sums(call, saved);
  const bool for_x = wants_gradient(call.x), for_residual = wants_gradient(call.residual);
  if (!for_x && !for_residual) return;
  // If x is also the residual, two contributions go to one buffer; a kernel that wrote both would lose one.
  const bool shared = for_x && for_residual && call.x.gradient() == call.residual.gradient();
  GradientTarget dx{}, dresidual{};
  if (for_x) dx = gradient_target(call.x);
  if (shared)
    dresidual = {Tensor::empty(call.x.shape(), call.x.dtype()), false};
  else if (for_residual)
    dresidual = gradient_target(call.residual);
  kernels::batch_norm_backward(saved, call.training ? sums.data<A>() : nullptr, for_x ? dx.tensor.data<T>() : nullptr,
                               dx.accumulate, for_residual ? dresidual.tensor.data<T>() : nullptr, dresidual.accumulate,
                               stream());
  if (shared) add_gradient(call.residual, dresidual.tensor);
}
}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& running_mean,
                  const Tensor& running_variance, const BatchNormOptions& options, const Tensor& residual) {
  BatchNormCall call{x, gamma, beta, residual, {}, {}, options.activation, options.training};
  check(call, running_mean, running_variance);
  call.statistics = Tensor::empty({2, x.dim(-1)}, accumulator_of(x.dtype()));
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  const OpScope scope("batch_norm", [&] { return moves(x, residual ? 3 : 2); });
  dispatch_float(x.dtype(), "batch_norm", [&]<class T>(Type<T>) {
    compute_statistics<T>(call, running_mean, running_variance, options);
    kernels::batch_norm(x.data<T>(), residual ? residual.data<T>() : nullptr, call.affine<acc_t<T>>(), y.data<T>(),
                        call.rows(), call.channels(), options.activation, stream());
  });
  if (residual && options.activation != Activation::identity)
    call.saved = needs_input(options.activation) ? residual : y.detach();
  record(y, {x, gamma, beta, residual}, [call](const Tensor& dy) {
    dispatch_float(call.x.dtype(), "batch_norm", [&]<class T>(Type<T>) { backward<T>(call, dy); });
  });
  return y;
}

}  // namespace cucurbit
