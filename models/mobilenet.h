#pragma once

#include "models/registry.h"

// MobileNetV2: Sandler, Howard, Zhu, Zhmoginov, Chen, MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR
// 2018.
//
//   mobilenet_v2        as torchvision defines it: ReLU6, for large images
//   mobilenet_v2-cifar  the same with stride 1 in the stem and in the second group
//   mobilenetv2-half    half as wide, ReLU, stride 2 in the stem but not in the second group, for small images;
//                       MobileNetV2 of https://github.com/HobbitLong/RepDistiller
//
// Taps: "stem", and "stage1" to "stage4", the outputs of the groups of 24, 32, 96 and 320 channels (of half as many in
// mobilenetv2-half).
namespace cucurbit {

std::vector<ModelFamily> mobilenet_families();

}  // namespace cucurbit
