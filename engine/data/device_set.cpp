#include "engine/data/device_set.h"

#include <fmt/format.h>

#include "engine/runtime/stream.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
Batch empty_batch(int64_t size, const Shape& image, DType compute) {
  return {Tensor::empty({size, image[0], image[1], image[2]}, compute), Tensor::empty({size}, DType::i32),
          Tensor::empty({size}, DType::i32)};
}

template <class T>
kernels::BatchTarget<T> target_of(const Batch& batch) {
  return {.images = batch.images.data<T>(),
          .labels = batch.labels.data<int32_t>(),
          .indices = batch.indices.data<int32_t>(),
          .size = batch.labels.size()};
}
}  // namespace

DeviceSet::DeviceSet(const ImageSet& set, const ChannelStatistics& normalization)
    : count_(set.count), image_{set.height, set.width, set.channels} {
  if (int64_t(normalization.mean.size()) != set.channels)
    throw Error(ErrorKind::input,
                fmt::format("[data] {}: {} channels, normalisation for {}: use a model trained on such "
                            "images",
                            set.name, set.channels, normalization.mean.size()));
  images_ = Tensor::from_host(set.images, {set.count, set.height, set.width, set.channels});
  labels_ = Tensor::from_host(set.labels, {set.count});
  std::vector<float> mean, inverse;
  for (size_t c = 0; c < normalization.mean.size(); ++c) {
    mean.push_back(float(normalization.mean[c]));
    inverse.push_back(normalization.stddev[c] > 0 ? float(1 / normalization.stddev[c]) : 1.f);
  }
  mean_ = Tensor::from_host(mean, {set.channels});
  inverse_std_ = Tensor::from_host(inverse, {set.channels});
}

kernels::ImageSource DeviceSet::source() const {
  return {.images = images_.data<uint8_t>(),
          .labels = labels_.data<int32_t>(),
          .count = count_,
          .height = int(image_[0]),
          .width = int(image_[1]),
          .channels = int(image_[2]),
          .mean = mean_.data<float>(),
          .inverse_std = inverse_std_.data<float>()};
}

Batch DeviceSet::training_batch(int64_t batch_size, const StepState* state, const Augmentation& augmentation,
                                DType compute) const {
  check_augmentation(augmentation, image_);
  const Batch batch = empty_batch(batch_size, image_, compute);
  Tensor workspace;
  if (augmentation.changes_values())
    workspace = compute == DType::f32 ? batch.images : Tensor::empty(batch.images.shape(), DType::f32);
  dispatch_float(compute, "batch", [&]<class T>(Type<T>) {
    kernels::BatchTarget<T> target = target_of<T>(batch);
    if (workspace) target.workspace = workspace.data<float>();
    kernels::gather_batch(source(), state, /*shuffle=*/true, augmentation, target, stream());
  });
  return batch;
}

Batch DeviceSet::range(int64_t begin, int64_t end, DType compute) const {
  const Batch batch = empty_batch(end - begin, image_, compute);
  dispatch_float(compute, "batch",
                 [&]<class T>(Type<T>) { kernels::gather_range(source(), begin, target_of<T>(batch), stream()); });
  return batch;
}

}  // namespace cucurbit
