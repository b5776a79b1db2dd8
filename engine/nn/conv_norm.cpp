#include "engine/nn/conv_norm.h"

#include "engine/autograd.h"

namespace cucurbit {

ConvNorm2d::ConvNorm2d(int64_t in, int64_t out, const Conv2d::Options& options, Activation activation, Names names)
    : conv_(in, out, options), norm_(out, activation), names_(std::move(names)) {}

FoldedConv ConvNorm2d::fold() const {
  return fold_conv_norm(conv_.filter().master, conv_.bias(), norm_.frozen(), conv_.filter().value.dtype());
}

void ConvNorm2d::freeze() {
  if (conv_.filter().value.dtype() != DType::f64) folded_ = fold();
}

Tensor ConvNorm2d::forward_residual(const Tensor& x, const Tensor& residual, const ForwardContext& context,
                                    bool activated) {
  const Activation activation = activated ? norm_.last_activation() : Activation::identity;
  const bool inference = !context.training && !needs_gradient({x, residual, conv_.filter().value});
  if (inference && folds_conv_norm(x, activation, residual)) {
    const Tensor y = folded_conv(x, folded_ ? folded_ : fold(), conv_.geometry(), activation, residual);
    if (y) return y;
  }
  return norm_.forward_residual(conv_.forward(x, context), residual, context, activated);
}

Shape ConvNorm2d::infer_shape(const Shape& input, Survey* survey) const {
  return norm_.infer_shape(conv_.infer_shape(input, survey), survey);
}

void ConvNorm2d::for_each_child(const Visitor& visit) {
  visit(names_.conv + ".", conv_);
  visit(names_.norm + ".", norm_);
}

}  // namespace cucurbit
