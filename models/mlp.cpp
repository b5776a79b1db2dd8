#include "models/mlp.h"

#include <fmt/format.h>

#include "models/blocks.h"
#include "models/widths.h"

namespace cucurbit {

namespace {
ModulePtr build_mlp(const std::string& specification, const ModelOptions& options) {
  auto net = std::make_unique<Sequential>();
  net->emplace<Flatten>();
  const std::vector<int64_t> widths = parse_widths("mlp", specification);
  Linear::Options hidden{.activation = Activation::relu, .map = options.image};
  int64_t in = options.image.size();
  for (size_t i = 0; i < widths.size(); ++i) {
    ModulePtr layer = tapped(std::make_unique<Linear>(in, widths[i], hidden), fmt::format("stage{}", i + 1));
    if (i + 1 == widths.size()) layer = std::make_unique<Tapped>(std::move(layer), Tapped::Names{"pooled", ""});
    net->add(std::move(layer));
    if (options.drop > 0) net->emplace<Dropout>(options.drop, uint32_t(i));
    in = widths[i];
    hidden.map = {};
  }
  net->emplace<Linear>(in, options.classes, Linear::Options{.map = hidden.map});
  return net;
}
}  // namespace

std::vector<ModelFamily> mlp_families() {
  return {{.name = "mlp",
           .example = "mlp:800x800",
           .summary = "fully connected, ReLU; the numbers are the widths of the hidden layers",
           .paper = "Rumelhart, Hinton, Williams, Learning Representations by Back-Propagating Errors, 1986",
           .image = kMnistImage,
           .classes = 10,
           .make = build_mlp}};
}

}  // namespace cucurbit
