#pragma once

#include "models/registry.h"

/// VGG with batch norm, for small images: Simonyan, Zisserman, Very Deep Convolutional Networks, ICLR 2015, in the form
/// of https://github.com/HobbitLong/RepDistiller: five blocks of 3x3 convolutions with biases, max pools behind the
/// first three (and the fourth, for images of 64 pixels or more), the mean of every map, one linear layer.
///
/// "stem" is the end of the first block, "stage1" to "stage4" those of the others, all before pooling.
namespace cucurbit {

std::vector<ModelFamily> vgg_families();

}  // namespace cucurbit
