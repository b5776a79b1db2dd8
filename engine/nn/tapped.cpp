#include "engine/nn/tapped.h"

#include "engine/nn/features.h"
#include "engine/ops/activation.h"

namespace cucurbit {

Tensor Tapped::forward(const Tensor& x, const ForwardContext& context) {
  Features* const features = context.features;
  if (!features) return layer_->forward(x, context);
  Tensor y;
  if (!names_.preactivation.empty() && features->wants(names_.preactivation)) {
    const Tensor before = layer_->forward_preactivation(x, context);
    features->record(names_.preactivation, before);
    y = activate(before, layer_->last_activation());
  } else {
    y = layer_->forward(x, context);
  }
  features->record(names_.output, y);
  return y;
}

Shape Tapped::infer_shape(const Shape& input, Survey* survey) const {
  const Shape output = layer_->infer_shape(input, survey);
  if (survey)
    for (const std::string& name : {names_.preactivation, names_.output})
      if (!name.empty()) survey->taps.push_back({name, output});
  return output;
}

}  // namespace cucurbit
