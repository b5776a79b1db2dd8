#include "models/registry.h"

#include <fmt/format.h>

#include "engine/io/join.h"
#include "engine/nearest.h"
#include "kernels/error.h"
#include "models/convnet.h"
#include "models/lenet.h"
#include "models/mlp.h"

namespace cucurbit {

const std::vector<ModelFamily>& model_families() {
  static const std::vector<ModelFamily> families = {
      {"mlp", "mlp:800x800", "fully connected, ReLU; the numbers are the widths of the hidden layers", build_mlp},
      {"lenet", "lenet", "LeNet-5 (LeCun 1998) with ReLU and max pooling; images of 12x12 or more", build_lenet},
      {"convnet", "convnet:32x64", "VGG-like: two 3x3 convolutions with batch norm and a 2x2 pool per width, then 128",
       build_convnet},
  };
  return families;
}

ModulePtr build_model(const std::string& name, const ModelOptions& options) {
  const size_t colon = name.find(':');
  const std::string family = name.substr(0, colon);
  const std::string specification = colon == std::string::npos ? "" : name.substr(colon + 1);
  std::vector<std::string> names;
  for (const ModelFamily& known : model_families()) {
    if (known.name == family) return known.build(specification, options);
    names.push_back(known.name);
  }
  throw Error(ErrorKind::usage, fmt::format("[model] unknown model '{}': did you mean '{}'? Known: {}", name,
                                            nearest(family, names), join(names, ", ")));
}

}  // namespace cucurbit
