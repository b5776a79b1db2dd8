#include "distill/teacher.h"

#include <fmt/format.h>

#include "engine/runtime/stream.h"
#include "engine/train/evaluate.h"
#include "kernels/error.h"
#include "kernels/gather_batch.h"

namespace cucurbit {

Teacher::Teacher(Network& network, const DeviceSet& data, int64_t classes, const Augmentation& augmentation)
    : network_(network) {
  if (network.input() != data.image_shape() || network.classes() != classes)
    throw Error(ErrorKind::input,
                fmt::format("[distill] the teacher takes {} and knows {} classes; the data have {} and {}",
                            to_string(network.input()), network.classes(), to_string(data.image_shape()), classes));
  if (augmentation.is_identity()) table_ = logits_of(network, data);
}

Tensor Teacher::logits(const Batch& batch) const {
  if (!table_) return network_.forward(batch.images).detach();
  const int64_t rows = batch.indices.size(), classes = table_.dim(1);
  Tensor picked = Tensor::empty({rows, classes}, table_.dtype());
  dispatch_float(table_.dtype(), "teacher", [&]<class T>(Type<T>) {
    kernels::gather_rows(table_.data<T>(), batch.indices.data<int32_t>(), picked.data<T>(), rows, classes, stream());
  });
  return picked;
}

}  // namespace cucurbit
