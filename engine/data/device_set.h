#pragma once

#include "engine/data/augmentation.h"
#include "engine/data/image_set.h"
#include "engine/ops/mixed_labels.h"
#include "engine/tensor.h"
#include "kernels/gather_batch.h"

namespace cucurbit {

/// A batch on the device. indices name the samples in the set: the key under which teacher outputs are kept. Where
/// images are mixed, a loss must take `mixed` beside the labels.
struct Batch {
  Tensor images;   // [N, H, W, C], compute type, normalised
  Tensor labels;   // i32 [N]
  Tensor indices;  // i32 [N]
  MixedLabels mixed{};
};

/// An image set resident in device memory as bytes; batches are gathered, augmented and normalised there:
/// x = (pixel / 255 - mean) / stddev per channel (stddev 0 counts as 1).
class DeviceSet {
 public:
  DeviceSet(const ImageSet& set, const ChannelStatistics& normalization);

  int64_t count() const { return count_; }
  Shape image_shape() const { return image_; }

  /// The batch that `state` (device memory) stands at: batch number state->batch of the permutation of state->epoch.
  /// Throws Error usage for an augmentation that these images do not allow.
  Batch training_batch(int64_t batch_size, const StepState* state, const Augmentation& augmentation,
                       DType compute) const;
  /// Samples [begin, end) in order, not augmented.
  Batch range(int64_t begin, int64_t end, DType compute) const;

 private:
  kernels::ImageSource source() const;

  int64_t count_;
  Shape image_;
  Tensor images_, labels_, mean_, inverse_std_;
};

/// Cuts `validation` samples off `set`, chosen by `seed`; class proportions follow chance.
struct TrainValidation {
  ImageSet train, validation;
};
TrainValidation split_validation(const ImageSet& set, int64_t validation, uint64_t seed);

}  // namespace cucurbit
