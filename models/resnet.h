#pragma once

#include "models/registry.h"

/// Residual networks: He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, CVPR 2016.
namespace cucurbit {

/// The networks for small images, in the form that distillation papers compare: a 3x3 convolution to widths[0], then
/// three stages of (depth - 2) / 6 basic blocks of widths[1..3], the second and third beginning with stride 2; where
/// the shape changes, the shortcut is a 1x1 convolution with batch norm. Parts are named conv1, bn1, layer1.0.conv1,
/// ..., layer1.0.downsample.0, fc.
struct CifarResnet {
  int depth;  // 6 n + 2
  std::vector<int64_t> widths;
};
ModulePtr build_cifar_resnet(const CifarResnet& net, const ModelOptions& options);

}  // namespace cucurbit
