#pragma once

#include "engine/nn/batch_norm.h"
#include "engine/nn/conv2d.h"

namespace cucurbit {

/// Convolution, batch normalisation and activation: act(norm(conv(x)) + residual), the building block of the networks.
/// In inference the norm is folded into the convolution, in every call or, after freeze(), once. State is named prefix
/// + names.conv + "." and prefix + names.norm + ".".
class ConvNorm2d : public Module {
 public:
  struct Names {
    std::string conv, norm;
  };
  ConvNorm2d(int64_t in, int64_t out, const Conv2d::Options& options, Activation activation, Names names);
  Tensor forward(const Tensor& x, const ForwardContext& context) override { return forward_residual(x, {}, context); }
  /// act(norm(conv(x)) + residual), without act unless `activated`. `residual` has the shape of the output, or is
  /// undefined.
  Tensor forward_residual(const Tensor& x, const Tensor& residual, const ForwardContext& context,
                          bool activated = true);
  Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) override {
    return forward_residual(x, {}, context, false);
  }
  Activation last_activation() const override { return norm_.last_activation(); }
  Shape infer_shape(const Shape& input, Survey* survey) const override;
  void for_each_child(const Visitor& visit) override;
  void freeze() override;

 private:
  FoldedConv fold() const;

  Conv2d conv_;
  BatchNorm2d norm_;
  Names names_;
  FoldedConv folded_;  // undefined unless frozen
};

}  // namespace cucurbit
