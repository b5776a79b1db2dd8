#pragma once

#include <memory>

#include "engine/data/augmentation.h"
#include "engine/data/image_set.h"
#include "engine/enum_names.h"
#include "engine/ops/second_labels.h"
#include "engine/tensor.h"
#include "kernels/gather_batch.h"

namespace cucurbit {

/// A batch on the device. `indices` are the positions of the samples in the set, by which teacher outputs are stored.
/// Where images are mixed, a loss must use `second` in addition to `labels`.
struct Batch {
  Tensor images;   // [N, H, W, C], compute type, normalised
  Tensor labels;   // i32 [N]
  Tensor indices;  // i32 [N]
  SecondLabels second{};
};

/// Where the images of a set lie: in device memory, or in host memory, from which each batch is copied while the one
/// before it is computed. automatic: on the device unless they need more than half of its free memory.
enum class Residency { automatic, device, host };
constexpr auto names_of(Residency) {
  return enum_names<Residency>(
      {{Residency::automatic, "auto"}, {Residency::device, "device"}, {Residency::host, "stream"}});
}

/// An image set; batches are gathered, augmented and normalised on the device: x = (pixel / 255 - mean) / stddev per
/// channel (stddev 0 counts as 1). Batches are equal bit by bit wherever the images lie.
class DeviceSet {
 public:
  /// Images that stay in host memory are kept alive by `set.owner`; without an owner they must outlive this. Throws
  /// Error input if the normalisation has another number of channels than the images.
  DeviceSet(const ImageSet& set, const ChannelStatistics& normalization, Residency residency = Residency::automatic);
  ~DeviceSet();
  DeviceSet(DeviceSet&&) noexcept;

  int64_t count() const { return count_; }
  Shape image_shape() const { return image_; }
  const Tensor& labels() const { return labels_; }  // i32 [count]
  Residency residency() const { return streaming_ ? Residency::host : Residency::device; }

  /// Call this before a step that takes `batches` training batches, the first of them at `at`, and outside of captures.
  /// It makes sure that their images are on the device when the step runs, and starts to copy those of the next step.
  /// It does nothing for images on the device. Throws Error usage if at.micro_batch is not a multiple of `batches`.
  void prepare(const StepState& at, int64_t batch_size, int64_t batches) const;

  /// The batch at the position `state` (in device memory): batch number state->epoch_micro_batch of the permutation of
  /// state->epoch. Throws Error usage for an augmentation that these images do not allow, and for images in host memory
  /// that were not prepared.
  Batch training_batch(int64_t batch_size, const StepState* state, const Augmentation& augmentation,
                       DType compute) const;
  /// Samples [begin, end) in order, not augmented.
  Batch range(int64_t begin, int64_t end, DType compute) const;

  /// The time in seconds that training has waited for images since the last call.
  double take_waited() const;

 private:
  struct Streaming;
  kernels::ImageSource source() const;

  int64_t count_;
  Shape image_;
  Tensor images_, labels_, mean_, inverse_std_;  // images_ is undefined if they lie in host memory
  std::unique_ptr<Streaming> streaming_;         // null if they lie on the device
};

}  // namespace cucurbit
