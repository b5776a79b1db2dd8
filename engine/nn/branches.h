#pragma once

#include "engine/nn/layers.h"

/// Containers beyond a chain of layers: observed layers, parallel branches, pre-activation blocks.
namespace cucurbit {

/// `layer` itself, whose result Features can have by name, and, where it ends in an activation, what goes into that
/// one: only if the latter is wanted is the activation computed apart from the rest. An empty name is not offered.
class Tapped : public Module {
 public:
  struct Names {
    std::string output, preactivation;
  };
  Tapped(ModulePtr layer, Names names) : layer_(std::move(layer)), names_(std::move(names)) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape output_shape(const Shape& input) const override { return layer_->output_shape(input); }
  double forward_flop(const Shape& input) const override { return layer_->forward_flop(input); }
  void list_state(const std::string& prefix, StateList& list) override { layer_->list_state(prefix, list); }
  void list_taps(const Shape& input, std::vector<Tap>& taps) const override;

 private:
  ModulePtr layer_;
  Names names_;
};

/// Channels [begin, end) of the input.
class SliceChannels : public Module {
 public:
  SliceChannels(int64_t begin, int64_t end) : begin_(begin), end_(end) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape output_shape(const Shape& input) const override;

 private:
  int64_t begin_, end_;
};

/// Channel 0 of every group, then channel 1, ...
class ShuffleChannels : public Module {
 public:
  explicit ShuffleChannels(int groups) : groups_(groups) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape output_shape(const Shape& input) const override;
  int groups() const { return groups_; }

 private:
  int groups_;
};

/// The branches' results for the same input, their channels one after the other, then shuffled among `groups`. State is
/// named as the branches name it.
class Concat : public Module {
 public:
  /// `activation`: every branch ends in it or, as slices and averages of ReLU's results, is not changed by it.
  Concat(std::vector<ModulePtr> branches, Activation activation, int groups = 1)
      : branches_(std::move(branches)), activation_(activation), shuffle_(groups) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) override;
  Activation last_activation() const override { return activation_; }
  Shape output_shape(const Shape& input) const override;
  double forward_flop(const Shape& input) const override;
  void list_state(const std::string& prefix, StateList& list) override;
  void list_taps(const Shape& input, std::vector<Tap>& taps) const override;

 private:
  Tensor join(const std::vector<Tensor>& parts, const ForwardContext& context);

  std::vector<ModulePtr> branches_;
  Activation activation_;
  ShuffleChannels shuffle_;
};

/// shortcut(entry(x)) + body(entry(x)); without a shortcut, x + body(entry(x)). He et al., Identity Mappings in Deep
/// Residual Networks, ECCV 2016. State is named as the parts name it.
class PreactivationResidual : public Module {
 public:
  PreactivationResidual(ModulePtr entry, ModulePtr body, ModulePtr shortcut, const DropPath& drop_path);
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape output_shape(const Shape& input) const override;
  double forward_flop(const Shape& input) const override;
  void list_state(const std::string& prefix, StateList& list) override;
  void list_taps(const Shape& input, std::vector<Tap>& taps) const override;

 private:
  ModulePtr entry_, body_, shortcut_;
  DropPath drop_path_;
};

}  // namespace cucurbit
