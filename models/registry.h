#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/data/device_set.h"
#include "engine/nn/network.h"

namespace cucurbit {

/// What a model is made for.
struct ModelOptions {
  Shape image;          // [H, W, C]
  int64_t classes;      // outputs
  float drop = 0;       // dropout probability, where the authors of the model have dropout, else before the classifier
  float drop_path = 0;  // stochastic depth: probability at the last residual branch, falling linearly to 0 at the first
};

/// A family of models: one row of the registry. Users give its name, which ":" and a specification may follow.
struct ModelFamily {
  std::string name;
  std::string example;    // a complete name that can be built
  std::string summary;    // one line
  std::string paper;      // authors, title, year
  Shape image;            // the image shape that it was published for
  int64_t classes;        // and the number of classes
  bool residual = false;  // it has residual branches, so drop_path can be used
  std::function<ModulePtr(const std::string& specification, const ModelOptions& options)> make;
  std::vector<std::string> aliases = {};  // other spellings of the name
  /// Sets initial values that depend on the training images, before training begins; null for most families.
  std::function<void(Network& network, const DeviceSet& train)> initialize_from = {};
};

/// All families. To add one, write a pair of files for it and name its rows in registry.cpp.
const std::vector<ModelFamily>& model_families();

/// The family to which "mlp:800x800", "resnet20", "wrn40-2", ... belong. Throws Error usage for an unknown name; the
/// message has the nearest known name.
const ModelFamily& find_family(const std::string& name);

/// Builds the model of this name. Throws Error as find_family, and Error usage for a specification or image size that
/// the family does not support, and for `drop_path` without residual branches.
ModulePtr build_model(const std::string& name, const ModelOptions& options);

}  // namespace cucurbit
