#pragma once

#include "models/registry.h"

namespace cucurbit {

/// Flatten, then linear + ReLU for every width, with dropout after each, and the classifier; "mlp:1200x1200". Taps:
/// "stage1", ... are the hidden layers, and "pooled" is the last of them.
std::vector<ModelFamily> mlp_families();

}  // namespace cucurbit
