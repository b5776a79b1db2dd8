#include "engine/nn/frozen_network.h"

#include "engine/autograd.h"

namespace cucurbit {

FrozenTensor FrozenNetwork::forward(const Tensor& images, Features* features) {
  const NoTape off;
  return FrozenTensor(network_.forward(images, {.features = features}));
}

}  // namespace cucurbit
