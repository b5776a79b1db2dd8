#pragma once

#include "engine/nn/module.h"

namespace cucurbit {

/// Computes `layer` and offers its output as a tap; if the layer ends in an activation, also the input of that
/// activation. The activation is computed separately only if that second tap is requested. A tap with an empty name is
/// not offered.
class Tapped : public Module {
 public:
  struct Names {
    std::string output, preactivation;
  };
  Tapped(ModulePtr layer, Names names) : layer_(std::move(layer)), names_(std::move(names)) {}
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Shape infer_shape(const Shape& input, Survey* survey) const override;
  void for_each_child(const Visitor& visit) override { visit("", *layer_); }

 private:
  ModulePtr layer_;
  Names names_;
};

}  // namespace cucurbit
