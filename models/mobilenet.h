#pragma once

#include "models/registry.h"

/// MobileNetV2: Sandler, Howard, Zhu, Zhmoginov, Chen, Inverted Residuals and Linear Bottlenecks, CVPR 2018.
///
///   mobilenet_v2        torchvision's, ReLU6, for large images
///   mobilenet_v2-cifar  the same with strides of 1 in the stem and the second stage
///   mobilenetv2-half    half as wide, ReLU, stride 2 in the stem alone, for small images: RepDistiller's MobileNetV2
///
/// "stage1" to "stage4" are the maps of half the size and of 24, 32, 96 and 320 channels (halved where the network is).
namespace cucurbit {

std::vector<ModelFamily> mobilenet_families();

}  // namespace cucurbit
