#pragma once

#include "models/registry.h"

namespace cucurbit {

/// For every width twice conv 3x3 + batch norm + ReLU, then a 2x2 max pool; then linear 128 + ReLU and the classifier.
/// "convnet" is "convnet:32x64". Dropout before both linear layers.
ModulePtr build_convnet(const std::string& specification, const ModelOptions& options);

}  // namespace cucurbit
