#pragma once

#include "models/registry.h"

// Residual networks: He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, CVPR 2016.
//
//   resnet20, ..., resnet8x4   for small images, as https://github.com/HobbitLong/RepDistiller defines them: 3x3
//                              convolution, three stages of (depth - 2) / 6 basic blocks, 1x1 shortcuts with batch norm
//   resnet18, 34, 50           as torchvision defines them: 7x7 convolution of stride 2, max pool, four stages
//   resnet18-cifar, ...        the same stages after a 3x3 convolution of stride 1; ResNet18, ... of RepDistiller
//
// Taps: "stem", and "stage1", ..., the ends of the stages.
namespace cucurbit {

std::vector<ModelFamily> resnet_families();

}  // namespace cucurbit
