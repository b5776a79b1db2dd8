#pragma once

#include "engine/nn/layers.h"
#include "models/registry.h"

/// Parts that several families of networks share.
namespace cucurbit {

/// A convolution of the networks: no bias, "same" padding, He et al. over the outputs (fan_out = out k^2), batch norm.
struct ConvNormOptions {
  int kernel = 3;
  int stride = 1;
  int groups = 1;
  Activation activation = Activation::relu;
};
std::unique_ptr<ConvNorm2d> conv_norm(int64_t in, int64_t out, const ConvNormOptions& options, ConvNorm2d::Names names);

/// A linear layer that begins as PyTorch's: weights and biases from U(-1/sqrt(in), 1/sqrt(in)).
std::unique_ptr<Linear> torch_linear(int64_t in, int64_t out);

/// Appends the end that most networks share to `net`: the mean of every map, dropout, and the classifier, named `name`.
void add_classifier(Sequential& net, const ModelOptions& options, const std::string& name, ModulePtr classifier);

}  // namespace cucurbit
