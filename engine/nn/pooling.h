#pragma once

#include "engine/nn/module.h"
#include "engine/ops/pooling.h"

namespace cucurbit {

/// Max or average pooling of NHWC windows.
class Pool2d : public Module {
 public:
  Pool2d(PoolKind kind, const PoolGeometry& geometry) : kind_(kind), geometry_(geometry) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape infer_shape(const Shape& input, Survey* survey) const override;

 private:
  PoolKind kind_;
  PoolGeometry geometry_;
};

/// [N, H, W, C] -> [N, C], the mean over the pixels of each channel.
class GlobalAveragePool : public Module {
 public:
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape infer_shape(const Shape& input, Survey* survey) const override;
};

}  // namespace cucurbit
