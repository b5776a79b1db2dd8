#include "models/mlp.h"

#include "engine/nn/layers.h"
#include "models/widths.h"

namespace cucurbit {

ModulePtr build_mlp(const std::string& specification, const ModelOptions& options) {
  auto net = std::make_unique<Sequential>();
  net->emplace<Flatten>();
  int64_t in = options.image.size();
  uint32_t purpose = 0;
  for (int64_t width : parse_widths("mlp", specification)) {
    net->emplace<Linear>(in, width, Activation::relu);
    if (options.drop > 0) net->emplace<Dropout>(options.drop, purpose++);
    in = width;
  }
  net->emplace<Linear>(in, options.classes);
  return net;
}

}  // namespace cucurbit
