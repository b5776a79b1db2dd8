#pragma once

#include "models/registry.h"

// ShuffleNet: Zhang, Zhou, Lin, Sun, CVPR 2018; ShuffleNetV2: Ma, Zhang, Zheng, Sun, ECCV 2018.
//
//   shufflev1           three groups, for small images; ShuffleV1 of https://github.com/HobbitLong/RepDistiller
//   shufflev2           for small images; ShuffleV2 of RepDistiller
//   shufflenet_v2_x1_0  for large images, as torchvision defines it
//
// Taps: "stem", and "stage1" to "stage3", the ends of the three stages. In V2 these are taken after the shuffle of the
// channels, and so are their ".preact".
namespace cucurbit {

std::vector<ModelFamily> shufflenet_families();

}  // namespace cucurbit
