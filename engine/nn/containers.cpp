#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/nn/layers.h"
#include "engine/ops/activation.h"
#include "engine/ops/elementwise.h"
#include "kernels/error.h"

namespace cucurbit {

Sequential& Sequential::add(ModulePtr layer, std::string name) {
  if (name.empty()) name = std::to_string(layers_.size());
  layers_.push_back({name + ".", std::move(layer)});
  return *this;
}

Sequential& Sequential::splice(ModulePtr layer) {
  layers_.push_back({"", std::move(layer)});
  return *this;
}

Tensor Sequential::forward(const Tensor& x, const ForwardContext& context) {
  Tensor y = x;
  for (auto& [prefix, layer] : layers_) y = layer->forward(y, context);
  return y;
}

Tensor Sequential::forward_preactivation(const Tensor& x, const ForwardContext& context) {
  Tensor y = x;
  for (size_t i = 0; i + 1 < layers_.size(); ++i) y = layers_[i].layer->forward(y, context);
  return layers_.empty() ? y : layers_.back().layer->forward_preactivation(y, context);
}

Activation Sequential::last_activation() const {
  return layers_.empty() ? Activation::identity : layers_.back().layer->last_activation();
}

Shape Sequential::output_shape(const Shape& input) const {
  Shape shape = input;
  for (const auto& [prefix, layer] : layers_) shape = layer->output_shape(shape);
  return shape;
}

double Sequential::forward_flop(const Shape& input) const {
  Shape shape = input;
  double flop = 0;
  for (const auto& [prefix, layer] : layers_) {
    flop += layer->forward_flop(shape);
    shape = layer->output_shape(shape);
  }
  return flop;
}

void Sequential::list_state(const std::string& prefix, StateList& list) {
  for (auto& [name, layer] : layers_) layer->list_state(prefix + name, list);
}

void Sequential::list_taps(const Shape& input, std::vector<Tap>& taps) const {
  Shape shape = input;
  for (const auto& [name, layer] : layers_) {
    layer->list_taps(shape, taps);
    shape = layer->output_shape(shape);
  }
}

ConvNorm2d::ConvNorm2d(int64_t in, int64_t out, const Conv2d::Options& options, Activation activation, Names names)
    : conv_(in, out, options), norm_(out, activation), names_(std::move(names)) {}

Tensor ConvNorm2d::forward_residual(const Tensor& x, const Tensor& residual, const ForwardContext& context,
                                    bool activated) {
  const bool inference = !context.training && !needs_gradient({x, residual, conv_.filter().value});
  if (const Tensor y = inference ? norm_.folded(conv_, x, residual, activated) : Tensor()) return y;
  return norm_.forward_residual(conv_.forward(x, context), residual, context, activated);
}

Shape ConvNorm2d::output_shape(const Shape& input) const { return norm_.output_shape(conv_.output_shape(input)); }

double ConvNorm2d::forward_flop(const Shape& input) const { return conv_.forward_flop(input); }

void ConvNorm2d::list_state(const std::string& prefix, StateList& list) {
  conv_.list_state(prefix + names_.conv + ".", list);
  norm_.list_state(prefix + names_.norm + ".", list);
}

Residual::Residual(ModulePtr body, std::unique_ptr<ConvNorm2d> last, ModulePtr shortcut, Options options)
    : body_(std::move(body)), last_(std::move(last)), shortcut_(std::move(shortcut)), options_(std::move(options)) {}

Tensor Residual::run(const Tensor& x, const ForwardContext& context, bool activated) {
  const Tensor residual = shortcut_ ? shortcut_->forward(x, context) : x;
  const Tensor inner = body_->forward(x, context);
  if (!options_.drop_path.acts(context)) return last_->forward_residual(inner, residual, context, activated);
  const Tensor branch = options_.drop_path.apply(last_->forward_residual(inner, {}, context, false), context);
  const Tensor sum = add(branch, residual);
  return activated ? activate(sum, last_activation()) : sum;
}

Shape Residual::output_shape(const Shape& input) const {
  const Shape main = last_->output_shape(body_->output_shape(input));
  const Shape side = shortcut_ ? shortcut_->output_shape(input) : input;
  if (main != side)
    throw Error(ErrorKind::input, fmt::format("[residual] body gives {}, shortcut {}: they must agree to be added",
                                              to_string(main), to_string(side)));
  return main;
}

double Residual::forward_flop(const Shape& input) const {
  return body_->forward_flop(input) + last_->forward_flop(body_->output_shape(input)) +
         (shortcut_ ? shortcut_->forward_flop(input) : 0);
}

void Residual::list_state(const std::string& prefix, StateList& list) {
  body_->list_state(prefix, list);
  last_->list_state(prefix, list);
  if (shortcut_) shortcut_->list_state(prefix + options_.shortcut_name + ".", list);
}

}  // namespace cucurbit
