#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/nn/module.h"

namespace cucurbit {

/// What a model is built for.
struct ModelOptions {
  Shape image;      // [H, W, C]
  int64_t classes;  // outputs
  float drop = 0;   // dropout probability before the classifier, and before every other linear layer but the first
};

/// A family of models. `name` is what users type, possibly followed by ":" and a specification.
struct ModelFamily {
  std::string name;
  std::string example;      // a complete name that builds
  std::string description;  // one line
  std::function<ModulePtr(const std::string& specification, const ModelOptions& options)> build;
};

const std::vector<ModelFamily>& model_families();

/// Builds "mlp:800x800", "lenet", "convnet", ... Throws Error usage for an unknown name, naming the nearest one, and
/// for a specification or image size that the family cannot take.
ModulePtr build_model(const std::string& name, const ModelOptions& options);

}  // namespace cucurbit
