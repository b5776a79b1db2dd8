#pragma once

#include "engine/nn/module.h"

namespace cucurbit {

/// Applies layers one after another. They are named "0", "1", ... unless a name is given.
class Sequential : public Module {
 public:
  Sequential& add(ModulePtr layer, std::string name = "");
  /// Adds a layer whose state is named as if its parts belonged to this directly.
  Sequential& splice(ModulePtr layer);
  template <class Layer, class... Args>
  Sequential& emplace(Args&&... args) {
    return add(std::make_unique<Layer>(std::forward<Args>(args)...));
  }
  Tensor forward(const Tensor& x, const ForwardContext& context) override;
  Tensor forward_preactivation(const Tensor& x, const ForwardContext& context) override;
  Activation last_activation() const override;
  Shape infer_shape(const Shape& input, Survey* survey) const override;
  void for_each_child(const Visitor& visit) override;

 private:
  struct Named {
    std::string prefix;  // of its state: its name and "."
    ModulePtr layer;
  };
  std::vector<Named> layers_;
};

}  // namespace cucurbit
