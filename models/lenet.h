#pragma once

#include "models/registry.h"

namespace cucurbit {

/// conv 5x5 (6, padding 2), max pool 2, conv 5x5 (16), max pool 2, linear 120, 84, classes; ReLU after each but the
/// last. LeCun, Bottou, Bengio, Haffner 1998, with ReLU and max pooling, as is usual today. Taps: "stage1" and "stage2"
/// are the convolutions, "stage3" and "pooled" the hidden linear layers.
std::vector<ModelFamily> lenet_families();

}  // namespace cucurbit
