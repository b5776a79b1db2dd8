#include "engine/nn/sequential.h"

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

Shape Sequential::infer_shape(const Shape& input, Survey* survey) const {
  Shape shape = input;
  for (const auto& [prefix, layer] : layers_) shape = layer->infer_shape(shape, survey);
  return shape;
}

void Sequential::for_each_child(const Visitor& visit) {
  for (auto& [prefix, layer] : layers_) visit(prefix, *layer);
}

}  // namespace cucurbit
