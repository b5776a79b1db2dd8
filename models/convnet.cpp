#include "models/convnet.h"

#include "engine/nn/layers.h"
#include "models/widths.h"

namespace cucurbit {

ModulePtr build_convnet(const std::string& specification, const ModelOptions& options) {
  auto net = std::make_unique<Sequential>();
  int64_t in = options.image[2];
  for (int64_t width : parse_widths("convnet", specification.empty() ? "32x64" : specification)) {
    for (int repeat = 0; repeat < 2; ++repeat) {
      net->emplace<Conv2d>(in, width, Conv2d::Options{.kernel = 3, .geometry = {.padding = 1}, .bias = false});
      net->emplace<BatchNorm2d>(width, Activation::relu);
      in = width;
    }
    net->emplace<Pool2d>(PoolKind::max, PoolGeometry{.kernel = 2, .stride = 2});
  }
  net->emplace<Flatten>();
  const Shape features = net->output_shape({1, options.image[0], options.image[1], options.image[2]});
  if (options.drop > 0) net->emplace<Dropout>(options.drop, 0);
  net->emplace<Linear>(features[1], 128, Activation::relu);
  if (options.drop > 0) net->emplace<Dropout>(options.drop, 1);
  net->emplace<Linear>(128, options.classes);
  return net;
}

}  // namespace cucurbit
