#pragma once

#include "models/registry.h"

// VGG with batch norm, for small images: Simonyan, Zisserman, Very Deep Convolutional Networks for Large-Scale Image
// Recognition, ICLR 2015, in the form of https://github.com/HobbitLong/RepDistiller: five blocks of 3x3 convolutions
// with biases, max pools after the first three (and after the fourth, for images of 64 pixels or more), global average
// pooling, one linear layer.
//
// Taps: "stem" is the end of the first block, "stage1" to "stage4" are those of the others, all before pooling.
namespace cucurbit {

std::vector<ModelFamily> vgg_families();

}  // namespace cucurbit
