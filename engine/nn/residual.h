#pragma once

#include "engine/nn/conv_norm.h"
#include "engine/nn/dropout.h"

/// Residual blocks.
namespace cucurbit {

/// act(last(body(x)) + shortcut(x)), where act is the activation of `last`; without a shortcut layer, x itself is
/// added. State is named as in torchvision's blocks: body and last name theirs, and the names of the shortcut's state
/// begin with "downsample." or another name.
class Residual : public Module {
 public:
  struct Options {
    DropPath drop_path{};
    std::string shortcut_name = "downsample";
  };
  Residual(ModulePtr body, std::unique_ptr<ConvNorm2d> last, ModulePtr shortcut, Options options);
  Tensor forward(const Tensor& x, const ForwardContext& context) override { return run(x, context, true); }
  Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) override {
    return run(x, context, false);
  }
  Activation last_activation() const override { return last_->last_activation(); }
  Shape infer_shape(const Shape& input, Survey* survey) const override;
  void for_each_child(const Visitor& visit) override;

 private:
  Tensor run(const Tensor& x, const ForwardContext& context, bool activated);

  ModulePtr body_;
  std::unique_ptr<ConvNorm2d> last_;
  ModulePtr shortcut_;
  Options options_;
};

/// shortcut(entry(x)) + body(entry(x)); without a shortcut layer, x + body(entry(x)). He et al., Identity Mappings in
/// Deep Residual Networks, ECCV 2016. State is named as the parts name it.
class PreactivationResidual : public Module {
 public:
  PreactivationResidual(ModulePtr entry, ModulePtr body, ModulePtr shortcut, const DropPath& drop_path);
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape infer_shape(const Shape& input, Survey* survey) const override;
  void for_each_child(const Visitor& visit) override;

 private:
  ModulePtr entry_, body_, shortcut_;
  DropPath drop_path_;
};

}  // namespace cucurbit
