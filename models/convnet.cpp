#include "models/convnet.h"

#include <fmt/format.h>

#include "models/blocks.h"
#include "models/widths.h"

namespace cucurbit {

namespace {
ModulePtr build_convnet(const std::string& specification, const ModelOptions& options) {
  auto net = std::make_unique<Sequential>();
  int64_t in = options.image[2];
  const std::vector<int64_t> widths = parse_widths("convnet", specification.empty() ? "32x64" : specification);
  for (size_t i = 0; i < widths.size(); ++i) {
    for (const bool last : {false, true}) {
      net->emplace<Conv2d>(in, widths[i], Conv2d::Options{.kernel = 3, .geometry = {.padding = 1}, .bias = false});
      ModulePtr norm = std::make_unique<BatchNorm2d>(widths[i], Activation::relu);
      net->add(last ? tapped(std::move(norm), fmt::format("stage{}", i + 1)) : std::move(norm));
      in = widths[i];
    }
    net->emplace<Pool2d>(PoolKind::max, PoolGeometry{.kernel = 2, .stride = 2});
  }
  const Shape map = net->output_shape({1, options.image[0], options.image[1], options.image[2]});
  net->emplace<Flatten>();
  if (options.drop > 0) net->emplace<Dropout>(options.drop, 0);
  const Linear::Options hidden{.activation = Activation::relu, .map = {map[1], map[2], map[3]}};
  net->add(tapped(std::make_unique<Linear>(map.size(), 128, hidden), "pooled"));
  if (options.drop > 0) net->emplace<Dropout>(options.drop, 1);
  net->emplace<Linear>(128, options.classes);
  return net;
}
}  // namespace

std::vector<ModelFamily> convnet_families() {
  return {{.name = "convnet",
           .example = "convnet:32x64",
           .summary = "VGG-like: two 3x3 convolutions with batch norm and a 2x2 pool per width, then 128",
           .paper = "after Simonyan, Zisserman, Very Deep Convolutional Networks, 2015",
           .image = kMnistImage,
           .classes = 10,
           .make = build_convnet}};
}

}  // namespace cucurbit
