#include "models/lenet.h"

#include "engine/nn/layers.h"

namespace cucurbit {

ModulePtr build_lenet(const ModelOptions& options) {
  auto net = std::make_unique<Sequential>();
  net->emplace<Conv2d>(options.image[2], 6, Conv2d::Options{.kernel = 5, .geometry = {.padding = 2}});
  net->emplace<ActivationLayer>(Activation::relu);
  net->emplace<Pool2d>(PoolKind::max, PoolGeometry{.kernel = 2, .stride = 2});
  net->emplace<Conv2d>(6, 16, Conv2d::Options{.kernel = 5});
  net->emplace<ActivationLayer>(Activation::relu);
  net->emplace<Pool2d>(PoolKind::max, PoolGeometry{.kernel = 2, .stride = 2});
  net->emplace<Flatten>();
  const Shape features = net->output_shape({1, options.image[0], options.image[1], options.image[2]});
  net->emplace<Linear>(features[1], 120, Activation::relu);
  if (options.drop > 0) net->emplace<Dropout>(options.drop, 0);
  net->emplace<Linear>(120, 84, Activation::relu);
  if (options.drop > 0) net->emplace<Dropout>(options.drop, 1);
  net->emplace<Linear>(84, options.classes);
  return net;
}

}  // namespace cucurbit
