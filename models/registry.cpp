#include "models/registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/io/join.h"
#include "engine/nearest.h"
#include "kernels/error.h"
#include "models/airbench.h"
#include "models/convnet.h"
#include "models/lenet.h"
#include "models/mlp.h"
#include "models/mobilenet.h"
#include "models/resnet.h"
#include "models/shufflenet.h"
#include "models/vgg.h"
#include "models/wide_resnet.h"

namespace cucurbit {

namespace {
bool is_called(const ModelFamily& family, const std::string& name) {
  return family.name == name || std::find(family.aliases.begin(), family.aliases.end(), name) != family.aliases.end();
}
}  // namespace

const std::vector<ModelFamily>& model_families() {
  static const std::vector<ModelFamily> families = [] {
    std::vector<ModelFamily> all;
    for (const auto& families_of :
         {mlp_families, lenet_families, convnet_families, resnet_families, wide_resnet_families, vgg_families,
          mobilenet_families, shufflenet_families, airbench_families})
      for (ModelFamily& family : families_of()) all.push_back(std::move(family));
    return all;
  }();
  return families;
}

const ModelFamily& find_family(const std::string& name) {
  const std::string stem = name.substr(0, name.find(':'));
  std::vector<std::string> names;
  for (const ModelFamily& family : model_families()) {
    if (is_called(family, stem)) return family;
    names.push_back(family.name);
  }
  throw Error(ErrorKind::usage, fmt::format("[model] unknown model '{}': did you mean '{}'? Known: {}", name,
                                            nearest(stem, names), join(names, ", ")));
}

ModulePtr build_model(const std::string& name, const ModelOptions& options) {
  const ModelFamily& family = find_family(name);
  if (options.drop_path > 0 && !family.residual)
    throw Error(ErrorKind::usage,
                fmt::format("[model] `drop_path` is {}, but {} has no residual branches: leave it at 0",
                            options.drop_path, name));
  const size_t colon = name.find(':');
  return family.make(colon == std::string::npos ? "" : name.substr(colon + 1), options);
}

}  // namespace cucurbit
