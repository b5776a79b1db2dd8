#pragma once

#include "engine/nn/module.h"

/// Layers that split, concatenate and reorder channels.
namespace cucurbit {

/// Channels [begin, end) of the input.
class SliceChannels : public Module {
 public:
  SliceChannels(int64_t begin, int64_t end) : begin_(begin), end_(end) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape infer_shape(const Shape& input, Survey* survey) const override;

 private:
  int64_t begin_, end_;
};

/// Channel 0 of every group, then channel 1 of every group, and so on: see shuffle_channels.
class ShuffleChannels : public Module {
 public:
  explicit ShuffleChannels(int groups) : groups_(groups) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape infer_shape(const Shape& input, Survey* survey) const override;
  int groups() const { return groups_; }

 private:
  int groups_;
};

/// Applies every branch to the same input, concatenates the channels of their outputs and shuffles them among `groups`.
/// State is named as the branches name it.
class Concat : public Module {
 public:
  /// `activation`: every branch ends in it or has an output that it would not change, such as a slice or an average of
  /// ReLU's outputs.
  Concat(std::vector<ModulePtr> branches, Activation activation, int groups = 1)
      : branches_(std::move(branches)), activation_(activation), shuffle_(groups) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) override;
  Activation last_activation() const override { return activation_; }
  Shape infer_shape(const Shape& input, Survey* survey) const override;
  void for_each_child(const Visitor& visit) override;

 private:
  Tensor join(const std::vector<Tensor>& parts, const ForwardContext& context);

  std::vector<ModulePtr> branches_;
  Activation activation_;
  ShuffleChannels shuffle_;
};

}  // namespace cucurbit
