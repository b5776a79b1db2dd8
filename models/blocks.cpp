#include "models/blocks.h"

#include <fmt/format.h>

#include "kernels/error.h"

namespace cucurbit {

ModelFamily fixed_model(ModelFamily family, std::function<ModulePtr(const ModelOptions&)> make) {
  family.example = family.name;
  family.make = [name = family.name, make = std::move(make)](const std::string& specification,
                                                             const ModelOptions& options) {
    if (!specification.empty())
      throw Error(ErrorKind::usage, fmt::format("[model] '{}:{}': {} takes no specification: leave out ':{}'", name,
                                                specification, name, specification));
    return make(options);
  };
  return family;
}

std::unique_ptr<ConvNorm2d> conv_norm(int64_t in, int64_t out, const ConvNormOptions& options,
                                      ConvNorm2d::Names names) {
  const int64_t window = int64_t(options.kernel) * options.kernel;
  const Conv2d::Options convolution{
      .kernel = options.kernel,
      .geometry = {.stride = options.stride, .padding = options.kernel / 2, .groups = options.groups},
      .bias = false,
      .initializer = options.torch_initial ? Initializer::fan_in_uniform(in / options.groups * window)
                                           : Initializer::he_normal(out * window)};
  return std::make_unique<ConvNorm2d>(in, out, convolution, options.activation, std::move(names));
}

std::unique_ptr<Linear> torch_linear(int64_t in, int64_t out) {
  return std::make_unique<Linear>(in, out,
                                  Linear::Options{.weight_initializer = Initializer::fan_in_uniform(in),
                                                  .bias_initializer = Initializer::fan_in_uniform(in)});
}

std::unique_ptr<Linear> small_linear(int64_t in, int64_t out) {
  return std::make_unique<Linear>(in, out,
                                  Linear::Options{.weight_initializer = Initializer{Initializer::Kind::normal, 0.01}});
}

ModulePtr tapped(ModulePtr layer, const std::string& name) {
  const bool activated = layer->last_activation() != Activation::identity;
  return std::make_unique<Tapped>(std::move(layer), Tapped::Names{name, activated ? name + ".preact" : ""});
}

void add_classifier(Sequential& net, const ModelOptions& options, const std::string& name, ModulePtr classifier) {
  net.splice(tapped(std::make_unique<GlobalAveragePool>(), "pooled"));
  if (options.drop > 0) net.emplace<Dropout>(options.drop, 0);
  net.add(std::move(classifier), name);
}

DropPath DropPathRule::next() {
  const float share = blocks_ > 1 ? float(at_) / float(blocks_ - 1) : 1;
  return {.probability = largest_ * share, .purpose = uint32_t(at_++)};
}

}  // namespace cucurbit
