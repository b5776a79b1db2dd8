#include "models/airbench.h"

#include <fmt/format.h>

#include "models/blocks.h"
#include "models/whitening.h"

namespace cucurbit {

namespace {
constexpr int kWhiteningKernel = 2;

std::unique_ptr<Conv2d> identity_conv(int64_t in, int64_t out) {
  return std::make_unique<Conv2d>(
      in, out,
      Conv2d::Options{
          .kernel = 3, .geometry = {.padding = 1}, .bias = false, .initializer = Initializer::dirac(9 * in)});
}

std::unique_ptr<BatchNorm2d> shift_norm(int64_t channels) {
  return std::make_unique<BatchNorm2d>(
      channels,
      BatchNorm2d::Options{.activation = Activation::gelu, .epsilon = 1e-12, .momentum = 0.4, .trained_scale = false});
}

ModulePtr group(int64_t in, int64_t out) {
  auto made = std::make_unique<Sequential>();
  made->add(identity_conv(in, out), "conv1");
  made->emplace<Pool2d>(PoolKind::max, PoolGeometry{.kernel = 2, .stride = 2});
  made->add(shift_norm(out), "norm1");
  made->add(identity_conv(out, out), "conv2");
  made->add(shift_norm(out), "norm2");
  return made;
}

/// Layers are numbered as in the author's program, where GELU, pools and the factor are layers too.
ModulePtr build_airbench(const ModelOptions& options) {
  auto net = std::make_unique<Sequential>();
  const int64_t fan_in = kWhiteningKernel * kWhiteningKernel * options.image[2], whitened = 2 * fan_in;
  net->emplace<Conv2d>(options.image[2], whitened,
                       Conv2d::Options{.kernel = kWhiteningKernel, .initializer = Initializer::fan_in_uniform(fan_in)});
  net->add(tapped(std::make_unique<ActivationLayer>(Activation::gelu), "stem"));
  int64_t in = whitened;
  int stage = 1;
  for (const int64_t width : {64, 256, 256}) {
    net->add(tapped(group(in, width), fmt::format("stage{}", stage++)));
    in = width;
  }
  net->emplace<Pool2d>(PoolKind::max, PoolGeometry{.kernel = 3, .stride = 3});
  const Shape map = net->output_shape({1, options.image[0], options.image[1], options.image[2]});
  net->add(tapped(std::make_unique<Flatten>(), "pooled"));
  if (options.drop > 0) net->splice(std::make_unique<Dropout>(options.drop, 0));
  const Linear::Options classifier{
      .bias = false, .weight_initializer = Initializer::fan_in_uniform(map.size()), .map = {map[1], map[2], map[3]}};
  net->add(std::make_unique<Linear>(map.size(), options.classes, classifier), "7");
  net->emplace<Scale>(1.0 / 9);
  return net;
}

void whiten(Network& network, const DeviceSet& train) {
  const std::vector<float> filters = whitening_filters(train, kWhiteningKernel);
  network.store().state().parameters.front().item->master.copy_from_host(filters.data(),
                                                                         filters.size() * sizeof(float));
  network.store().refresh_low_precision_copy();
}
}  // namespace

std::vector<ModelFamily> airbench_families() {
  return {fixed_model({.name = "airbench94",
                       .summary = "Jordan's network that trains in seconds on a GPU",
                       .paper = "Jordan, 94% on CIFAR-10 in 3.29 Seconds on a Single GPU, 2024",
                       .image = kCifarImage,
                       .classes = 10,
                       .initialize_from = whiten},
                      build_airbench)};
}

}  // namespace cucurbit
