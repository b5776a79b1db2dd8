#include "engine/train/batch_source.h"

#include <fmt/format.h>

#include "engine/runtime/op_scope.h"
#include "kernels/error.h"

namespace cucurbit {

BatchSource::BatchSource(const DeviceSet& data, const Augmentation& augmentation, const Network& network)
    : data_(data), augmentation_(augmentation), compute_(network.store().compute()) {
  if (data.image_shape() != network.input())
    throw Error(ErrorKind::input, fmt::format("[train] images {}: the network expects {}",
                                              to_string(data.image_shape()), to_string(network.input())));
}

void BatchSource::try_inference(Network& network, int64_t batch_size) const {
  network.forward(data_.range(0, batch_size, compute_).images);
}

Batch BatchSource::next(const StepContext& context) const {
  const Shape image = data_.image_shape();
  const OpScope scope("batch", [&] {
    const double elements = double(context.batch_size * image.size());
    const double bytes = elements * (1 + double(size_of(compute_)));  // read as u8, written in the compute type
    return OpDescription{.shape = fmt::format("{}x{}", context.batch_size, to_string(image)), .bytes = bytes};
  });
  return data_.training_batch(context.batch_size, context.state, augmentation_, compute_);
}

}  // namespace cucurbit
