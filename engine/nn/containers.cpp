#include <fmt/format.h>

#include "engine/nn/layers.h"
#include "kernels/error.h"

namespace cucurbit {

Sequential& Sequential::add(ModulePtr layer, std::string name) {
  if (name.empty()) name = std::to_string(layers_.size());
  layers_.push_back({std::move(name), std::move(layer)});
  return *this;
}

Tensor Sequential::forward(const Tensor& x, const ForwardContext& context) {
  Tensor y = x;
  for (auto& [name, layer] : layers_) y = layer->forward(y, context);
  return y;
}

Shape Sequential::output_shape(const Shape& input) const {
  Shape shape = input;
  for (const auto& [name, layer] : layers_) shape = layer->output_shape(shape);
  return shape;
}

double Sequential::forward_flop(const Shape& input) const {
  Shape shape = input;
  double flop = 0;
  for (const auto& [name, layer] : layers_) {
    flop += layer->forward_flop(shape);
    shape = layer->output_shape(shape);
  }
  return flop;
}

void Sequential::list_state(const std::string& prefix, StateList& list) {
  for (auto& [name, layer] : layers_) layer->list_state(prefix + name + ".", list);
}

Residual::Residual(ModulePtr body, std::unique_ptr<BatchNorm2d> norm, ModulePtr shortcut)
    : body_(std::move(body)), norm_(std::move(norm)), shortcut_(std::move(shortcut)) {}

Tensor Residual::forward(const Tensor& x, const ForwardContext& context) {
  const Tensor residual = shortcut_ ? shortcut_->forward(x, context) : x;
  return norm_->forward_residual(body_->forward(x, context), residual, context);
}

Shape Residual::output_shape(const Shape& input) const {
  const Shape main = norm_->output_shape(body_->output_shape(input));
  const Shape side = shortcut_ ? shortcut_->output_shape(input) : input;
  if (main != side)
    throw Error(ErrorKind::input, fmt::format("[residual] body gives {}, shortcut {}: they must agree to be added",
                                              to_string(main), to_string(side)));
  return main;
}

double Residual::forward_flop(const Shape& input) const {
  return body_->forward_flop(input) + (shortcut_ ? shortcut_->forward_flop(input) : 0);
}

void Residual::list_state(const std::string& prefix, StateList& list) {
  body_->list_state(prefix + "body.", list);
  norm_->list_state(prefix + "norm.", list);
  if (shortcut_) shortcut_->list_state(prefix + "shortcut.", list);
}

}  // namespace cucurbit
