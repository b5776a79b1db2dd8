#include "engine/data/device_set.h"

#include <fmt/format.h>

#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "engine/data/image_stream.h"
#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"
#include "kernels/augment_mix.h"
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

template <class T>
void mix(const Batch& batch, const StepState* state, const Mixing& mixing) {
  const Tensor box = Tensor::empty({4}, DType::i32);
  const kernels::MixDraw draw{batch.second.weight.data<float>(), box.data<int32_t>()};
  const auto dim = [&](int axis) { return int(batch.images.dim(axis)); };
  kernels::draw_mix(state, mixing, dim(1), dim(2), draw, stream());
  kernels::mix_images(batch.images.data<T>(), dim(0), dim(1), dim(2), dim(3), draw, stream());
}
}  // namespace

/// Images in host memory, and which of them have been sent to the device.
struct DeviceSet::Streaming {
  /// The buffers for steps of one size. They must not move, because captured steps hold their address.
  struct Ring {
    ImageStream images;
    std::optional<StepState> sent[2];  // by slot: the first batch of the step whose images it holds
    Ring(std::span<const uint8_t> images, int64_t image_bytes, int64_t capacity)
        : images(images, image_bytes, capacity) {}
  };
  using StepSize = std::pair<int64_t, int64_t>;  // images of a batch, batches

  std::span<const uint8_t> images;
  std::shared_ptr<const void> owner;
  int64_t image_bytes, count;
  std::map<StepSize, Ring> rings{};
  std::unique_ptr<ImageStream> ranges{};
  int next_range = 0;  // slot
  StepSize prepared{};

  Ring& ring(const StepSize& size) {
    const auto found = rings.find(size);
    if (found != rings.end()) return found->second;
    return rings.try_emplace(size, images, image_bytes, size.first * size.second).first->second;
  }

  /// Sends the images of the step that begins at `first`, unless the slot holds them already.
  void send(Ring& ring, int slot, const StepState& first) {
    if (ring.sent[slot] == first) return;
    const auto [size, batches] = prepared;
    std::vector<int32_t> samples(size_t(size * batches));
    StepState at = first;
    for (int64_t b = 0; b < batches; ++b, at = at.next(batches_per_epoch()))
      kernels::batch_samples(at, size, count, /*shuffle=*/true, samples.data() + b * size);
    ring.images.send(slot, samples);
    ring.sent[slot] = first;
  }
  int64_t batches_per_epoch() const { return count / (prepared.first * prepared.second) * prepared.second; }
};

namespace {
bool fits_beside_training(int64_t bytes) {
  size_t free = 0, total = 0;
  check_cuda(cudaMemGetInfo(&free, &total), "data");
  return bytes <= int64_t(free / 2);
}
}  // namespace

DeviceSet::DeviceSet(const ImageSet& set, const ChannelStatistics& normalization, Residency residency)
    : count_(set.count), image_{set.height, set.width, set.channels} {
  if (int64_t(normalization.mean.size()) != set.channels)
    throw Error(ErrorKind::input,
                fmt::format("[data] {}: the images have {} channels, the normalisation is for {}: use a model "
                            "trained on such images",
                            set.name, set.channels, normalization.mean.size()));
  const int64_t image_bytes = image_.size();
  if (residency == Residency::device ||
      (residency == Residency::automatic && fits_beside_training(set.count * image_bytes)))
    images_ = Tensor::from_host(set.images, {set.count, set.height, set.width, set.channels});
  else
    streaming_ = std::make_unique<Streaming>(
        Streaming{.images = set.images, .owner = set.owner, .image_bytes = image_bytes, .count = set.count});
  labels_ = Tensor::from_host(set.labels, {set.count});
  std::vector<float> mean, inverse;
  for (size_t c = 0; c < normalization.mean.size(); ++c) {
    mean.push_back(float(normalization.mean[c]));
    inverse.push_back(normalization.stddev[c] > 0 ? float(1 / normalization.stddev[c]) : 1.f);
  }
  mean_ = Tensor::from_host(mean, {set.channels});
  inverse_std_ = Tensor::from_host(inverse, {set.channels});
}

DeviceSet::~DeviceSet() = default;
DeviceSet::DeviceSet(DeviceSet&&) noexcept = default;

kernels::ImageSource DeviceSet::source() const {
  return {.images = images_ ? images_.data<uint8_t>() : nullptr,
          .labels = labels_.data<int32_t>(),
          .count = count_,
          .height = int(image_[0]),
          .width = int(image_[1]),
          .channels = int(image_[2]),
          .mean = mean_.data<float>(),
          .inverse_std = inverse_std_.data<float>()};
}

void DeviceSet::prepare(const StepState& at, int64_t batch_size, int64_t batches) const {
  if (!streaming_) return;
  if (at.micro_batch % batches != 0)
    throw Error(ErrorKind::usage,
                fmt::format("[data] a step of {} batches at batch {}: with images in host memory, all "
                            "steps must have the same number of batches",
                            batches, at.micro_batch));
  streaming_->prepared = {batch_size, batches};
  Streaming::Ring& ring = streaming_->ring(streaming_->prepared);
  const int slot = int(at.micro_batch / batches % 2);
  ring.images.release(1 - slot);
  if (ring.sent[slot] != at) ring.images.release(slot);  // another trainer may still read from it
  streaming_->send(ring, slot, at);
  StepState next = at;
  for (int64_t b = 0; b < batches; ++b) next = next.next(streaming_->batches_per_epoch());
  streaming_->send(ring, 1 - slot, next);
  ring.images.await(slot);
}

Batch DeviceSet::training_batch(int64_t batch_size, const StepState* state, const Augmentation& augmentation,
                                DType compute) const {
  check_augmentation(augmentation, image_);
  kernels::ImageSource images = source();
  if (streaming_) {
    if (streaming_->prepared.first != batch_size)
      throw Error(ErrorKind::usage,
                  fmt::format("[data] a batch of {} images in host memory: call prepare for this batch "
                              "size first",
                              batch_size));
    images.images = streaming_->ring(streaming_->prepared).images.slot(0);
    images.ring = 2 * streaming_->prepared.second;
  }
  Batch batch = empty_batch(batch_size, image_, compute);
  if (augmentation.mixing.any())
    batch.second = {Tensor::empty({batch_size}, DType::i32), Tensor::empty({1}, DType::f32)};
  Tensor workspace;
  if (augmentation.changes_values())
    workspace = compute == DType::f32 ? batch.images : Tensor::empty(batch.images.shape(), DType::f32);
  dispatch_float(compute, "batch", [&]<class T>(Type<T>) {
    kernels::BatchTarget<T> target = target_of<T>(batch);
    if (workspace) target.workspace = workspace.data<float>();
    if (batch.second) target.second_labels = batch.second.labels.data<int32_t>();
    kernels::gather_batch(images, state, /*shuffle=*/true, augmentation, target, stream());
    if (batch.second) mix<T>(batch, state, augmentation.mixing);
  });
  return batch;
}

Batch DeviceSet::range(int64_t begin, int64_t end, DType compute) const {
  const Batch batch = empty_batch(end - begin, image_, compute);
  kernels::ImageSource images = source();
  int slot = 0;
  if (streaming_) {
    std::unique_ptr<ImageStream>& ranges = streaming_->ranges;
    if (!ranges || ranges->capacity() < end - begin)
      ranges = std::make_unique<ImageStream>(streaming_->images, streaming_->image_bytes, end - begin);
    slot = std::exchange(streaming_->next_range, 1 - streaming_->next_range);
    std::vector<int32_t> samples(size_t(end - begin));
    std::iota(samples.begin(), samples.end(), int32_t(begin));
    ranges->send(slot, samples);
    ranges->await(slot);
    images.images = ranges->slot(slot);
    images.ring = 1;
  }
  dispatch_float(compute, "batch",
                 [&]<class T>(Type<T>) { kernels::gather_range(images, begin, target_of<T>(batch), stream()); });
  if (streaming_) streaming_->ranges->release(slot);
  return batch;
}

double DeviceSet::take_waited() const {
  double seconds = 0;
  if (streaming_)
    for (auto& [size, ring] : streaming_->rings) seconds += ring.images.take_waited();
  return seconds;
}

}  // namespace cucurbit
