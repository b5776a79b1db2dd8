#pragma once

#include "engine/nn/layers.h"
#include "engine/ops/cross_entropy.h"
#include "engine/train/supervised.h"

/// Networks for images of 8x8x1 that train in milliseconds.
namespace cucurbit::test {

inline const LossFunction kCrossEntropy = [](const Tensor& logits, const Batch& batch, Meters& meters) {
  return cross_entropy(logits, batch.labels, {}, meters.counts());
};

inline ModulePtr small_convnet(int64_t classes) {
  auto net = std::make_unique<Sequential>();
  net->emplace<Conv2d>(1, 8, Conv2d::Options{.kernel = 3, .geometry = {.padding = 1}, .bias = false});
  net->emplace<BatchNorm2d>(8, Activation::relu);
  net->emplace<Pool2d>(PoolKind::max, PoolGeometry{.kernel = 2, .stride = 2});
  net->emplace<Conv2d>(8, 16, Conv2d::Options{.kernel = 3, .geometry = {.padding = 1}, .bias = false});
  net->emplace<BatchNorm2d>(16, Activation::relu);
  net->emplace<GlobalAveragePool>();
  net->emplace<Dropout>(0.1f, 0);
  net->emplace<Linear>(16, classes);
  return net;
}

/// Without batch norm and dropout, so that the gradient of a batch is the sum of those of its parts.
inline ModulePtr small_mlp(int64_t classes) {
  auto net = std::make_unique<Sequential>();
  net->emplace<Flatten>();
  net->emplace<Linear>(64, 32, Activation::relu);
  net->emplace<Linear>(32, 24, Activation::relu);
  net->emplace<Linear>(24, classes);
  return net;
}

}  // namespace cucurbit::test
