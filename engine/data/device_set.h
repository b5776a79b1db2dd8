#pragma once

#include <memory>

#include "engine/data/augmentation.h"
#include "engine/data/image_set.h"
#include "engine/enum_names.h"
#include "engine/ops/second_labels.h"
#include "engine/tensor.h"
#include "kernels/gather_batch.h"

namespace cucurbit {

/// A batch on the device. indices name the samples in the set: the key under which teacher outputs are kept. Where
/// images are mixed, a loss must take `second` beside the labels.
struct Batch {
  Tensor images;   // [N, H, W, C], compute type, normalised
  Tensor labels;   // i32 [N]
  Tensor indices;  // i32 [N]
  SecondLabels second{};
};

/// Where the images of a set lie while they are used: in device memory, or in host memory, from where each batch is
/// brought while the one before is worked on. automatic: on the device unless they are larger than half of its free
/// memory.
enum class Residency { automatic, device, host };
constexpr auto names_of(Residency) {
  return enum_names<Residency>(
      {{Residency::automatic, "auto"}, {Residency::device, "device"}, {Residency::host, "stream"}});
}

/// An image set; batches are gathered, augmented and normalised on the device: x = (pixel / 255 - mean) / stddev per
/// channel (stddev 0 counts as 1). Where the images lie changes no bit of them.
class DeviceSet {
 public:
  /// Images that stay in host memory are kept by `set.owner`; without an owner they must outlive this. Throws Error
  /// input if normalisation and images have other channels.
  DeviceSet(const ImageSet& set, const ChannelStatistics& normalization, Residency residency = Residency::automatic);
  ~DeviceSet();
  DeviceSet(DeviceSet&&) noexcept;

  int64_t count() const { return count_; }
  Shape image_shape() const { return image_; }
  const Tensor& labels() const { return labels_; }  // i32 [count]
  Residency residency() const { return streaming_ ? Residency::host : Residency::device; }

  /// Call before a step that takes `batches` training batches, the first of them at `at`, and outside of captures: sees
  /// to it that their images are on the device when the step runs, and begins to bring those of the next step. Nothing
  /// to do for images on the device. Throws Error usage if at.micro_batch is no multiple of `batches`.
  void prepare(const StepState& at, int64_t batch_size, int64_t batches) const;

  /// The batch that `state` (device memory) stands at: batch number state->epoch_micro_batch of the permutation of
  /// state->epoch. Throws Error usage for an augmentation that these images do not allow, and for images in host memory
  /// that were not prepared.
  Batch training_batch(int64_t batch_size, const StepState* state, const Augmentation& augmentation,
                       DType compute) const;
  /// Samples [begin, end) in order, not augmented.
  Batch range(int64_t begin, int64_t end, DType compute) const;

  /// Seconds that training waited for images since the last call.
  double take_waited() const;

 private:
  struct Streaming;
  kernels::ImageSource source() const;

  int64_t count_;
  Shape image_;
  Tensor images_, labels_, mean_, inverse_std_;  // images_: undefined where they lie in host memory
  std::unique_ptr<Streaming> streaming_;         // null where they lie on the device
};

}  // namespace cucurbit
