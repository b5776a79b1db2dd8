#include "models/registry.h"

#include <fmt/format.h>

#include "engine/io/join.h"
#include "engine/nearest.h"
#include "kernels/error.h"
#include "models/convnet.h"
#include "models/lenet.h"
#include "models/mlp.h"
#include "models/resnet.h"

namespace cucurbit {

namespace {
/// A network of one fixed form, which takes no specification.
ModelFamily fixed(const std::string& name, const std::string& description,
                  std::function<ModulePtr(const ModelOptions&)> build) {
  return {name, name, description,
          [name, build = std::move(build)](const std::string& specification, const ModelOptions& options) {
            if (!specification.empty())
              throw Error(ErrorKind::usage,
                          fmt::format("[model] '{}:{}': {} takes no specification", name, specification, name));
            return build(options);
          }};
}

ModelFamily cifar_resnet(const std::string& name, CifarResnet net) {
  return fixed(name, fmt::format("ResNet-{} for small images, widths {}", net.depth, fmt::join(net.widths, "-")),
               [net = std::move(net)](const ModelOptions& options) { return build_cifar_resnet(net, options); });
}

std::vector<ModelFamily> make_families() {
  std::vector<ModelFamily> families = {
      {"mlp", "mlp:800x800", "fully connected, ReLU; the numbers are the widths of the hidden layers", build_mlp},
      fixed("lenet", "LeNet-5 (LeCun 1998) with ReLU and max pooling; images of 12x12 or more", build_lenet),
      {"convnet", "convnet:32x64", "VGG-like: two 3x3 convolutions with batch norm and a 2x2 pool per width, then 128",
       build_convnet},
  };
  for (const int depth : {8, 14, 20, 32, 44, 56, 110})
    families.push_back(cifar_resnet(fmt::format("resnet{}", depth), {depth, {16, 16, 32, 64}}));
  for (const int depth : {8, 32})
    families.push_back(cifar_resnet(fmt::format("resnet{}x4", depth), {depth, {32, 64, 128, 256}}));
  return families;
}
}  // namespace

const std::vector<ModelFamily>& model_families() {
  static const std::vector<ModelFamily> families = make_families();
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
