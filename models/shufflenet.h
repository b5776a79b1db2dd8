#pragma once

#include "models/registry.h"

/// ShuffleNet: Zhang, Zhou, Lin, Sun, CVPR 2018; ShuffleNetV2: Ma, Zhang, Zheng, Sun, ECCV 2018.
///
///   shufflev1           three groups, for small images, as https://github.com/HobbitLong/RepDistiller defines
///   ShuffleV1 shufflev2           for small images, RepDistiller's ShuffleV2 shufflenet_v2_x1_0  torchvision's, for
///   large images
///
/// "stage1" to "stage3" are the ends of the three stages; in V2 they are shuffled, and so are their ".preact".
namespace cucurbit {

std::vector<ModelFamily> shufflenet_families();

}  // namespace cucurbit
