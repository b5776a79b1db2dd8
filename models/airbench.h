#pragma once

#include "models/registry.h"

// "airbench94": a network for CIFAR-10 that trains in seconds on a GPU. Jordan, 94% on CIFAR-10 in 3.29 Seconds on a
// Single GPU, 2024: a 2x2 convolution to 24 channels, three groups of conv, 2x2 max pool, norm, GELU, conv, norm, GELU
// of widths 64, 256, 256, a 3x3 max pool, a linear layer without bias, a factor of 1/9. The filters of the groups start
// as identities; norms have no scale, eps 1e-12 and momentum 0.4. The first convolution starts with filters that whiten
// the patches of the training images (models/whitening.h); unlike the author's, it is trained further from there.
//
// Taps: "stem" is the first convolution, "stage1" to "stage3" are the groups, "pooled" is the input of the linear
// layer.
namespace cucurbit {

std::vector<ModelFamily> airbench_families();

}  // namespace cucurbit
