#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/data/device_set.h"
#include "engine/nn/network.h"

namespace cucurbit {

/// What a model is built for.
struct ModelOptions {
  Shape image;          // [H, W, C]
  int64_t classes;      // outputs
  float drop = 0;       // dropout probability, where the model's authors have dropout, else before the classifier
  float drop_path = 0;  // stochastic depth: of the last residual branch, falling linearly to 0 at the first
};

using ModelBuilder = std::function<ModulePtr(const std::string& specification, const ModelOptions& options)>;

/// A family of models. `name` is what users type, possibly followed by ":" and a specification.
struct ModelFamily {
  std::string name;
  std::string example;      // a complete name that builds
  std::string description;  // one line
  Shape image;              // what it was published for
  int64_t classes;
  bool residual;  // has branches for drop_path
  ModelBuilder build;
  std::vector<std::string> aliases{};  // other spellings
  /// Initial values that depend on the training images, or null: to be called before training begins.
  std::function<void(Network& network, const DeviceSet& train)> initialize_from{};
};

const std::vector<ModelFamily>& model_families();

/// The family that "mlp:800x800", "resnet20", "wrn40-2", ... belong to. Throws Error usage for an unknown name, naming
/// the nearest one.
const ModelFamily& find_family(const std::string& name);

/// Builds the model of this name. Throws Error as find_family, and usage for a specification or image size that the
/// family cannot take, and for drop_path without residual branches.
ModulePtr build_model(const std::string& name, const ModelOptions& options);

}  // namespace cucurbit
