#include "engine/nn/layers.h"

#include <fmt/format.h>

#include "engine/ops/activation.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/conv_norm.h"
#include "engine/ops/dropout.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/linear.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
void expect_positive(const char* layer, std::initializer_list<int64_t> sizes) {
  for (int64_t size : sizes)
    if (size < 1)
      throw Error(ErrorKind::usage, fmt::format("[{}] size {}: layer sizes must be at least 1", layer, size));
}
}  // namespace

Linear::Linear(int64_t in, int64_t out, const Options& options) : options_(options) {
  expect_positive("linear", {in, out});
  weight_ = {.shape = {out, in},
             .initializer = options.weight_initializer.value_or(Initializer::he_normal(in)),
             .map = options.map};
  if (options.bias) bias_ = {.shape = {out}, .initializer = options.bias_initializer, .is_weight = false};
}

Linear::Linear(int64_t in, int64_t out, Activation activation) : Linear(in, out, Options{.activation = activation}) {}

Tensor Linear::forward(const Tensor& x, const ForwardContext&) {
  return linear(x, weight_.value, bias_.value, options_.activation);
}

Tensor Linear::forward_preactivation(const Tensor& x, const ForwardContext&) {
  return linear(x, weight_.value, bias_.value);
}

Shape Linear::output_shape(const Shape& input) const {
  if (input.rank() != 2 || input[1] != weight_.shape[1])
    throw Error(ErrorKind::input,
                fmt::format("[linear] input {} for a layer of {} inputs: flatten first, or change the size",
                            to_string(input), weight_.shape[1]));
  return {input[0], weight_.shape[0]};
}

double Linear::forward_flop(const Shape& input) const { return 2.0 * double(input[0]) * double(weight_.shape.size()); }

void Linear::list_state(const std::string& prefix, StateList& list) {
  list.parameters.push_back({prefix + "weight", &weight_});
  if (options_.bias) list.parameters.push_back({prefix + "bias", &bias_});
}

Conv2d::Conv2d(int64_t in, int64_t out, const Options& options) : options_(options) {
  const int groups = options.geometry.groups;
  expect_positive("conv2d", {in, out, options.kernel, groups});
  if (in % groups || out % groups)
    throw Error(ErrorKind::usage,
                fmt::format("[conv2d] {} groups do not divide {} input and {} output channels", groups, in, out));
  const int64_t k = options.kernel, fan_in = in / groups * k * k;
  filter_ = {.shape = {out, k, k, in / groups},
             .initializer = options.initializer.value_or(Initializer::he_normal(fan_in))};
  if (options.bias) bias_ = {.shape = {out}, .is_weight = false};
}

Tensor Conv2d::forward(const Tensor& x, const ForwardContext&) {
  return conv2d(x, filter_.value, bias_.value, options_.geometry);
}

Shape Conv2d::output_shape(const Shape& input) const {
  return conv2d_output_shape(input, filter_.shape, options_.geometry);
}

double Conv2d::forward_flop(const Shape& input) const {
  const Shape output = output_shape(input);
  return 2.0 * double(output.size()) * double(filter_.shape.size() / filter_.shape[0]);
}

void Conv2d::list_state(const std::string& prefix, StateList& list) {
  list.parameters.push_back({prefix + "weight", &filter_});
  if (options_.bias) list.parameters.push_back({prefix + "bias", &bias_});
}

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

Tensor BatchNorm2d::folded(const Conv2d& conv, const Tensor& x, const Tensor& residual, bool activated) const {
  const FrozenNorm norm{gamma(), beta_.value, running_mean_.value, running_variance_.value, options_.epsilon};
  return conv_norm_inference(x, conv.filter().master, conv.bias(), conv.geometry(), norm,
                             activated ? options_.activation : Activation::identity, residual);
}

Shape BatchNorm2d::output_shape(const Shape& input) const {
  if (input.rank() < 2 || input[-1] != gamma_.shape[0])
    throw Error(ErrorKind::input,
                fmt::format("[batch_norm] input {} for {} channels", to_string(input), gamma_.shape[0]));
  return input;
}

void BatchNorm2d::list_state(const std::string& prefix, StateList& list) {
  if (options_.trained_scale)
    list.parameters.push_back({prefix + "weight", &gamma_});
  else
    list.buffers.push_back({prefix + "weight", &fixed_gamma_});
  list.parameters.push_back({prefix + "bias", &beta_});
  list.buffers.push_back({prefix + "running_mean", &running_mean_});
  list.buffers.push_back({prefix + "running_var", &running_variance_});
}

Tensor ActivationLayer::forward(const Tensor& x, const ForwardContext&) { return activate(x, activation_); }

Tensor Pool2d::forward(const Tensor& x, const ForwardContext&) { return pool2d(x, kind_, geometry_); }
Shape Pool2d::output_shape(const Shape& input) const { return pool2d_output_shape(input, geometry_); }

Tensor Scale::forward(const Tensor& x, const ForwardContext&) { return scale(x, factor_); }

Tensor GlobalAveragePool::forward(const Tensor& x, const ForwardContext&) { return global_average_pool(x); }

Shape GlobalAveragePool::output_shape(const Shape& input) const {
  if (input.rank() != 4)
    throw Error(ErrorKind::input, fmt::format("[global_average_pool] input {}: expected [N,H,W,C]", to_string(input)));
  return {input[0], input[3]};
}

Dropout::Dropout(float probability, uint32_t purpose) : probability_(probability), purpose_(purpose) {
  if (!(probability >= 0 && probability < 1))
    throw Error(ErrorKind::usage, fmt::format("[dropout] probability {}: expected 0 <= p < 1", probability));
}

Tensor Dropout::forward(const Tensor& x, const ForwardContext& context) {
  if (!context.training || probability_ == 0) return x;
  return dropout(x, probability_, context.state, purpose_);
}

Tensor DropPath::apply(const Tensor& branch, const ForwardContext& context) const {
  return acts(context) ? drop_path(branch, probability, context.state, purpose) : branch;
}

Tensor Flatten::forward(const Tensor& x, const ForwardContext&) { return x.reshape(output_shape(x.shape())); }

Shape Flatten::output_shape(const Shape& input) const {
  if (input.rank() < 1) throw Error(ErrorKind::input, "[flatten] a scalar has no batch dimension");
  int64_t features = 1;
  for (int axis = 1; axis < input.rank(); ++axis) features *= input[axis];
  return {input[0], features};
}

}  // namespace cucurbit
