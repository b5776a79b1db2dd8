#include "engine/nn/batch_norm.h"

#include <fmt/format.h>

#include "engine/nn/layer_sizes.h"
#include "engine/ops/batch_norm.h"
#include "kernels/error.h"

namespace cucurbit {

BatchNorm2d::BatchNorm2d(int64_t channels, const Options& options) : options_(options) {
  expect_positive("batch_norm", {channels});
  fixed_gamma_ = {.shape = {channels}, .initial = 1};
  gamma_ = {.shape = {channels}, .initializer = Initializer::ones(), .is_weight = false};
  beta_ = {.shape = {channels}, .is_weight = false};
  running_mean_ = {.shape = {channels}, .initial = 0};
  running_variance_ = {.shape = {channels}, .initial = 1};
}

BatchNorm2d::BatchNorm2d(int64_t channels, Activation activation)
    : BatchNorm2d(channels, Options{.activation = activation}) {}

Tensor BatchNorm2d::forward(const Tensor& x, const ForwardContext& context) { return forward_residual(x, {}, context); }

Tensor BatchNorm2d::forward_residual(const Tensor& x, const Tensor& residual, const ForwardContext& context,
                                     bool activated) {
  return batch_norm(x, gamma(), beta_.value, running_mean_.value, running_variance_.value,
                    {.training = context.training,
                     .activation = activated ? options_.activation : Activation::identity,
                     .epsilon = options_.epsilon,
                     .momentum = options_.momentum},
                    residual);
}

FrozenNorm BatchNorm2d::frozen() const {
  return {gamma(), beta_.value, running_mean_.value, running_variance_.value, options_.epsilon};
}

Shape BatchNorm2d::infer_shape(const Shape& input, Survey*) const {
  if (input.rank() < 2 || input[-1] != gamma_.shape[0])
    throw Error(ErrorKind::input,
                fmt::format("[batch_norm] input {}: expected {} channels", to_string(input), gamma_.shape[0]));
  return input;
}

void BatchNorm2d::list_own_state(const std::string& prefix, StateList& list) {
  if (options_.trained_scale)
    list.parameters.push_back({prefix + "weight", &gamma_});
  else
    list.buffers.push_back({prefix + "weight", &fixed_gamma_});
  list.parameters.push_back({prefix + "bias", &beta_});
  list.buffers.push_back({prefix + "running_mean", &running_mean_});
  list.buffers.push_back({prefix + "running_var", &running_variance_});
}

}  // namespace cucurbit
