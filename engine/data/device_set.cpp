#include "engine/data/device_set.h"

#include <fmt/format.h>

#include <numeric>
#include <random>

#include "engine/runtime/stream.h"
#include "kernels/augment_mix.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
/// The samples of `set` named by `chosen`, in that order.
ImageSet subset(const ImageSet& set, std::span<const int64_t> chosen) {
  ImageSet part{.name = set.name,
                .count = int64_t(chosen.size()),
                .height = set.height,
                .width = set.width,
                .channels = set.channels,
                .class_names = set.class_names};
  const int64_t bytes = set.height * set.width * set.channels;
  std::vector<uint8_t> images;
  images.reserve(chosen.size() * size_t(bytes));
  for (int64_t index : chosen) {
    const auto first = set.images.begin() + index * bytes;
    images.insert(images.end(), first, first + bytes);
    part.labels.push_back(set.labels[size_t(index)]);
  }
  part.own(std::move(images));
  return part;
}

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

template <class T>
void mix(const Batch& batch, const StepState* state, const Mixing& mixing) {
  const Tensor box = Tensor::empty({4}, DType::i32);
  const kernels::MixDraw draw{batch.mixed.weight.data<float>(), box.data<int32_t>()};
  const auto dim = [&](int axis) { return int(batch.images.dim(axis)); };
  kernels::draw_mix(state, mixing, dim(1), dim(2), draw, stream());
  kernels::mix_images(batch.images.data<T>(), dim(0), dim(1), dim(2), dim(3), draw, stream());
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
  Batch batch = empty_batch(batch_size, image_, compute);
  if (augmentation.mixing.any())
    batch.mixed = {Tensor::empty({batch_size}, DType::i32), Tensor::empty({1}, DType::f32)};
  Tensor workspace;
  if (augmentation.changes_values())
    workspace = compute == DType::f32 ? batch.images : Tensor::empty(batch.images.shape(), DType::f32);
  dispatch_float(compute, "batch", [&]<class T>(Type<T>) {
    kernels::BatchTarget<T> target = target_of<T>(batch);
    if (workspace) target.workspace = workspace.data<float>();
    if (batch.mixed) target.mirrored_labels = batch.mixed.second.data<int32_t>();
    kernels::gather_batch(source(), state, /*shuffle=*/true, augmentation, target, stream());
    if (batch.mixed) mix<T>(batch, state, augmentation.mixing);
  });
  return batch;
}

Batch DeviceSet::range(int64_t begin, int64_t end, DType compute) const {
  const Batch batch = empty_batch(end - begin, image_, compute);
  dispatch_float(compute, "batch",
                 [&]<class T>(Type<T>) { kernels::gather_range(source(), begin, target_of<T>(batch), stream()); });
  return batch;
}

TrainValidation split_validation(const ImageSet& set, int64_t validation, uint64_t seed) {
  if (validation < 0 || validation >= set.count)
    throw Error(ErrorKind::usage,
                fmt::format("[data] {} validation images of {}: want fewer than there are", validation, set.count));
  std::vector<int64_t> order(size_t(set.count));
  std::iota(order.begin(), order.end(), int64_t{0});
  // Fisher-Yates on a fixed generator: std::shuffle differs between standard libraries.
  std::mt19937_64 random(seed);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  const std::span<const int64_t> all(order);
  return {subset(set, all.subspan(size_t(validation))), subset(set, all.first(size_t(validation)))};
}

}  // namespace cucurbit
