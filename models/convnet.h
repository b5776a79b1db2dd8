#pragma once

#include "models/registry.h"

namespace cucurbit {

/// For every width, twice conv 3x3 + batch norm + ReLU, then a 2x2 max pool; at the end linear 128 + ReLU and the
/// classifier. "convnet" is "convnet:32x64". Dropout before both linear layers. Taps: "stage1", ... are the maps before
/// pooling, "pooled" is the hidden linear layer.
std::vector<ModelFamily> convnet_families();

}  // namespace cucurbit
