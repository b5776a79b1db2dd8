#pragma once

#include "engine/nn/module.h"

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
  Shape infer_shape(const Shape& input, Survey* survey) const override;
  void for_each_child(const Visitor& visit) override { visit("", *layer_); }

 private:
  ModulePtr layer_;
  Names names_;
};

}  // namespace cucurbit
