#pragma once

#include <optional>

#include "engine/nn/module.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/pooling.h"
#include "kernels/activation.h"

namespace cucurbit {

/// y = act(x W^T + b); x [N, in], W [out, in], b [out].
class Linear : public Module {
 public:
  struct Options {
    Activation activation = Activation::identity;
    bool bias = true;
    std::optional<Initializer> weight_initializer{};  // He et al. over the inputs unless given
    Initializer bias_initializer{};
    Shape map{};  // [H, W, C] where the inputs are a flattened map
  };
  Linear(int64_t in, int64_t out, const Options& options);
  Linear(int64_t in, int64_t out, Activation activation = Activation::identity);
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) override;
  Activation last_activation() const override { return options_.activation; }
  Shape output_shape(const Shape& input) const override;
  double forward_flop(const Shape& input) const override;
  void list_state(const std::string& prefix, StateList& list) override;

 private:
  Parameter weight_, bias_;
  Options options_;
};

/// Cross-correlation, NHWC: x [N, H, W, in], filter [out, R, S, in / groups].
class Conv2d : public Module {
 public:
  struct Options {
    int kernel = 3;
    Conv2dGeometry geometry{};
    bool bias = true;
    std::optional<Initializer> initializer{};  // He et al. over the inputs unless given
  };
  Conv2d(int64_t in, int64_t out, const Options& options);
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape output_shape(const Shape& input) const override;
  double forward_flop(const Shape& input) const override;
  void list_state(const std::string& prefix, StateList& list) override;
  const Parameter& filter() const { return filter_; }
  const Tensor& bias() const { return bias_.value; }  // undefined without one
  const Conv2dGeometry& geometry() const { return options_.geometry; }

 private:
  Parameter filter_, bias_;
  Options options_;
};

/// Batch normalisation over all but the last dimension, fused with the activation after it and, through
/// forward_residual, with the addition before that: act(norm(x) + residual).
class BatchNorm2d : public Module {
 public:
  struct Options {
    Activation activation = Activation::identity;
    double epsilon = 1e-5;
    double momentum = 0.1;      // of the newest batch in the running statistics
    bool trained_scale = true;  // else it stays 1
  };
  BatchNorm2d(int64_t channels, const Options& options);
  explicit BatchNorm2d(int64_t channels, Activation activation = Activation::identity);
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Tensor forward_residual(const Tensor& x, const Tensor& residual, const ForwardContext& context,
                          bool activated = true);
  Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) override {
    return forward_residual(x, {}, context, false);
  }
  Activation last_activation() const override { return options_.activation; }
  Shape output_shape(const Shape& input) const override;
  void list_state(const std::string& prefix, StateList& list) override;
  /// act(norm(conv(x)) + residual) with running statistics, the norm folded into the filters; undefined where
  /// conv_norm_inference does not serve.
  Tensor folded(const Conv2d& conv, const Tensor& x, const Tensor& residual, bool activated) const;

 private:
  const Tensor& gamma() const { return options_.trained_scale ? gamma_.value : fixed_gamma_.value; }

  Options options_;
  Parameter gamma_, beta_;
  Buffer fixed_gamma_, running_mean_, running_variance_;
};

/// An activation that no other layer could take in.
class ActivationLayer : public Module {
 public:
  explicit ActivationLayer(Activation activation) : activation_(activation) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Tensor forward_preactivation(const Tensor& x, const ForwardContext&) override { return x; }
  Activation last_activation() const override { return activation_; }
  Shape output_shape(const Shape& input) const override { return input; }

 private:
  Activation activation_;
};

/// Max or average pooling of NHWC windows.
class Pool2d : public Module {
 public:
  Pool2d(PoolKind kind, const PoolGeometry& geometry) : kind_(kind), geometry_(geometry) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape output_shape(const Shape& input) const override;

 private:
  PoolKind kind_;
  PoolGeometry geometry_;
};

/// factor * x
class Scale : public Module {
 public:
  explicit Scale(double factor) : factor_(factor) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape output_shape(const Shape& input) const override { return input; }

 private:
  double factor_;
};

/// [N, H, W, C] -> [N, C], the mean of every map.
class GlobalAveragePool : public Module {
 public:
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape output_shape(const Shape& input) const override;
};

/// While training, zeroes elements with this probability and scales the rest by 1 / (1 - probability).
class Dropout : public Module {
 public:
  /// `purpose` tells the dropout layers of one network apart; each draws from a random stream of its own.
  Dropout(float probability, uint32_t purpose);
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape output_shape(const Shape& input) const override { return input; }

 private:
  float probability_;
  uint32_t purpose_;
};

/// Stochastic depth of one residual branch: while training, zeroes whole samples with this probability and scales the
/// rest by 1 / (1 - probability).
struct DropPath {
  float probability = 0;
  uint32_t purpose = 0;  // tells the branches of one network apart

  bool acts(const ForwardContext& context) const { return context.training && probability > 0; }
  Tensor apply(const Tensor& branch, const ForwardContext& context) const;
};

/// [N, ...] -> [N, product of the rest].
class Flatten : public Module {
 public:
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape output_shape(const Shape& input) const override;
};

/// Layers one after another; named "0", "1", ... unless a name is given.
class Sequential : public Module {
 public:
  Sequential& add(ModulePtr layer, std::string name = "");
  /// `layer` names its parts as if they were parts of this.
  Sequential& splice(ModulePtr layer);
  template <class Layer, class... Args>
  Sequential& emplace(Args&&... args) {
    return add(std::make_unique<Layer>(std::forward<Args>(args)...));
  }
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) override;
  Activation last_activation() const override;
  Shape output_shape(const Shape& input) const override;
  double forward_flop(const Shape& input) const override;
  void list_state(const std::string& prefix, StateList& list) override;
  void list_taps(const Shape& input, std::vector<Tap>& taps) const override;

 private:
  struct Named {
    std::string prefix;  // of its state: its name and "."
    ModulePtr layer;
  };
  std::vector<Named> layers_;
};

/// Convolution, batch normalisation and activation: act(norm(conv(x)) + residual), the building block of the networks.
/// State is named prefix + names.conv + "." and prefix + names.norm + ".".
class ConvNorm2d : public Module {
 public:
  struct Names {
    std::string conv, norm;
  };
  ConvNorm2d(int64_t in, int64_t out, const Conv2d::Options& options, Activation activation, Names names);
  Tensor forward(const Tensor& x, const ForwardContext& context) override { return forward_residual(x, {}, context); }
  /// `residual` has the shape of the output, or is undefined. Without the activation unless `activated`.
  Tensor forward_residual(const Tensor& x, const Tensor& residual, const ForwardContext& context,
                          bool activated = true);
  Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) override {
    return forward_residual(x, {}, context, false);
  }
  Activation last_activation() const override { return norm_.last_activation(); }
  Shape output_shape(const Shape& input) const override;
  double forward_flop(const Shape& input) const override;
  void list_state(const std::string& prefix, StateList& list) override;

 private:
  Conv2d conv_;
  BatchNorm2d norm_;
  Names names_;
};

/// act(last(body(x)) + shortcut(x)), the activation being that of `last`; without a shortcut, x itself. State is named
/// as in torchvision's blocks: that of body and last as they name it, the shortcut's after "downsample." or another
/// name.
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
  Shape output_shape(const Shape& input) const override;
  double forward_flop(const Shape& input) const override;
  void list_state(const std::string& prefix, StateList& list) override;

 private:
  Tensor run(const Tensor& x, const ForwardContext& context, bool activated);

  ModulePtr body_;
  std::unique_ptr<ConvNorm2d> last_;
  ModulePtr shortcut_;
  Options options_;
};

}  // namespace cucurbit
