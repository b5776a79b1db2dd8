#include "distill/teacher.h"

#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/runtime/stream.h"
#include "engine/train/evaluate.h"
#include "kernels/error.h"
#include "kernels/gather_batch.h"

namespace cucurbit {

namespace {
/// The rows of `table` that belong to the samples of the batch.
FrozenTensor rows_of(const Tensor& table, const Batch& batch) {
  const int64_t rows = batch.indices.size(), classes = table.dim(1);
  const Tensor picked = Tensor::empty({rows, classes}, table.dtype());
  dispatch_float(table.dtype(), "teacher", [&]<class T>(Type<T>) {
    kernels::gather_rows(table.data<T>(), batch.indices.data<int32_t>(), picked.data<T>(), rows, classes, stream());
  });
  return FrozenTensor(picked);
}
}  // namespace

Teacher::Teacher(FrozenNetwork& network, const DeviceSet& data, int64_t classes, const Augmentation& augmentation)
    : network_(network), data_(data) {
  if (network.input() != data.image_shape() || network.classes() != classes)
    throw Error(ErrorKind::input,
                fmt::format("[distill] the teacher takes {} and knows {} classes; the data have {} and {}",
                            to_string(network.input()), network.classes(), to_string(data.image_shape()), classes));
  if (augmentation.is_identity()) table_ = logits_of(network.network(), data);
}

FrozenOutputs Teacher::outputs(const Batch& batch, const std::vector<std::string>& wanted) const {
  if (wanted.empty()) return FrozenOutputs(table_ ? rows_of(table_, batch) : network_.forward(batch.images));
  Features features = network_.features(wanted);
  const FrozenTensor logits = network_.forward(batch.images, &features);
  return FrozenOutputs(table_ ? rows_of(table_, batch) : logits, std::move(features));
}

}  // namespace cucurbit
