#pragma once

#include "engine/nn/layers.h"
#include "models/registry.h"

// Parts that several families of networks share.
namespace cucurbit {

inline const Shape kMnistImage{28, 28, 1}, kCifarImage{32, 32, 3}, kImagenetImage{224, 224, 3};

/// A family of one model, whose name takes no specification: `family` with its `example` and `make` filled in.
ModelFamily fixed_model(ModelFamily family, std::function<ModulePtr(const ModelOptions&)> make);

/// A convolution with "same" padding and without bias, followed by batch norm.
struct ConvNormOptions {
  int kernel = 3;
  int stride = 1;
  int groups = 1;
  Activation activation = Activation::relu;
  bool torch_initial = false;  // initial values as PyTorch's Conv2d; else He et al., fan-out: N(0, 2 / (out k^2))
};
std::unique_ptr<ConvNorm2d> conv_norm(int64_t in, int64_t out, const ConvNormOptions& options, ConvNorm2d::Names names);

/// A linear layer with PyTorch's initial values: weights and biases from U(-1/sqrt(in), 1/sqrt(in)).
std::unique_ptr<Linear> torch_linear(int64_t in, int64_t out);
/// A linear layer with initial weights from N(0, 0.01^2) and biases 0.
std::unique_ptr<Linear> small_linear(int64_t in, int64_t out);

/// `layer` with its result as the tap `name` and, if it ends in an activation, the input of that activation as the tap
/// name + ".preact".
ModulePtr tapped(ModulePtr layer, const std::string& name);

/// Appends the end of most networks: global average pooling (the tap "pooled"), dropout, the classifier.
void add_classifier(Sequential& net, const ModelOptions& options, const std::string& name, ModulePtr classifier);

/// Stochastic depth that grows linearly from 0 at the first of `blocks` residual branches to `largest` at the last.
class DropPathRule {
 public:
  DropPathRule(float largest, int blocks) : largest_(largest), blocks_(blocks) {}
  DropPath next();

 private:
  float largest_;
  int blocks_, at_ = 0;
};

}  // namespace cucurbit
