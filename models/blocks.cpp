#include "models/blocks.h"

namespace cucurbit {

std::unique_ptr<ConvNorm2d> conv_norm(int64_t in, int64_t out, const ConvNormOptions& options,
                                      ConvNorm2d::Names names) {
  const int64_t kernel = options.kernel;
  const Conv2d::Options convolution{
      .kernel = options.kernel,
      .geometry = {.stride = options.stride, .padding = options.kernel / 2, .groups = options.groups},
      .initializer = Initializer::he_normal(out * kernel * kernel)};
  return std::make_unique<ConvNorm2d>(in, out, convolution, options.activation, std::move(names));
}

std::unique_ptr<Linear> torch_linear(int64_t in, int64_t out) {
  return std::make_unique<Linear>(in, out,
                                  Linear::Options{.weight_initializer = Initializer::fan_in_uniform(in),
                                                  .bias_initializer = Initializer::fan_in_uniform(in)});
}

void add_classifier(Sequential& net, const ModelOptions& options, const std::string& name, ModulePtr classifier) {
  net.emplace<GlobalAveragePool>();
  if (options.drop > 0) net.emplace<Dropout>(options.drop, 0);
  net.add(std::move(classifier), name);
}

}  // namespace cucurbit
