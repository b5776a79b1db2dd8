#pragma once

#include "models/registry.h"

namespace cucurbit {

/// Flatten, then linear + ReLU for every width, dropout after each, and the classifier; "mlp:1200x1200".
ModulePtr build_mlp(const std::string& specification, const ModelOptions& options);

}  // namespace cucurbit
