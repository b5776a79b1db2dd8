#include "models/lenet.h"

#include "models/blocks.h"

namespace cucurbit {

namespace {
ModulePtr build_lenet(const ModelOptions& options) {
  auto net = std::make_unique<Sequential>();
  const PoolGeometry pool{.kernel = 2, .stride = 2};
  net->emplace<Conv2d>(options.image[2], 6, Conv2d::Options{.kernel = 5, .geometry = {.padding = 2}});
  net->add(tapped(std::make_unique<ActivationLayer>(Activation::relu), "stage1"));
  net->emplace<Pool2d>(PoolKind::max, pool);
  net->emplace<Conv2d>(6, 16, Conv2d::Options{.kernel = 5});
  net->add(tapped(std::make_unique<ActivationLayer>(Activation::relu), "stage2"));
  net->emplace<Pool2d>(PoolKind::max, pool);
  const Shape map = net->output_shape({1, options.image[0], options.image[1], options.image[2]});
  net->emplace<Flatten>();
  const Linear::Options first{.activation = Activation::relu, .map = {map[1], map[2], map[3]}};
  net->add(tapped(std::make_unique<Linear>(map.size(), 120, first), "stage3"));
  if (options.drop > 0) net->emplace<Dropout>(options.drop, 0);
  net->add(tapped(std::make_unique<Linear>(120, 84, Activation::relu), "pooled"));
  if (options.drop > 0) net->emplace<Dropout>(options.drop, 1);
  net->emplace<Linear>(84, options.classes);
  return net;
}
}  // namespace

std::vector<ModelFamily> lenet_families() {
  return {
      fixed_model({.name = "lenet",
                   .summary = "LeNet-5 (LeCun 1998) with ReLU and max pooling; images of 12x12 or more",
                   .paper = "LeCun, Bottou, Bengio, Haffner, Gradient-Based Learning Applied to Document Recognition, "
                            "1998",
                   .image = kMnistImage,
                   .classes = 10},
                  build_lenet)};
}

}  // namespace cucurbit
