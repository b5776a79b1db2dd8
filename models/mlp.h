#pragma once

#include "models/registry.h"

namespace cucurbit {

/// Flatten, then linear + ReLU for every width, dropout after each, and the classifier; "mlp:1200x1200". Every hidden
/// layer is offered, "stage1", ..., the last one as "pooled" too.
std::vector<ModelFamily> mlp_families();

}  // namespace cucurbit
