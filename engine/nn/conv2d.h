#pragma once

#include <optional>

#include "engine/nn/module.h"
#include "engine/ops/conv2d.h"

namespace cucurbit {

/// Cross-correlation, NHWC: x [N, H, W, in], filter [out, R, S, in / groups].
class Conv2d : public Module {
 public:
  struct Options {
    int kernel = 3;
    Conv2dGeometry geometry{};
    bool bias = true;
    std::optional<Initializer> initializer{};  // default: he_normal over in / groups * kernel^2
  };
  Conv2d(int64_t in, int64_t out, const Options& options);
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape infer_shape(const Shape& input, Survey* survey) const override;
  const Parameter& filter() const { return filter_; }
  const Tensor& bias() const { return bias_.value; }  // undefined without one
  const Conv2dGeometry& geometry() const { return options_.geometry; }

 private:
  void list_own_state(const std::string& prefix, StateList& list) override;

  Parameter filter_, bias_;
  Options options_;
};

}  // namespace cucurbit
