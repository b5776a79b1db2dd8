#pragma once

#include "kernels/augment.h"
#include "kernels/step_state.h"
#include "kernels/types.h"

/// Batches of images from a data set that lies in device memory as bytes. Which samples and how they are augmented are
/// functions of (seed, epoch, sample) alone, computed where they are needed: nothing is uploaded, a captured step can
/// be replayed, and a sample looks the same to whoever gathers it. Deterministic.
namespace cucurbit::kernels {

/// All pointers to device memory.
struct ImageSource {
  const uint8_t* images;  // [count, height, width, channels]
  const int32_t* labels;  // [count]
  int64_t count;          // >= 1, below 2^31
  int height, width, channels;
  const float* mean;         // [channels], of pixel / 255
  const float* inverse_std;  // [channels]
  /// Above 0: `images` is a ring of so many batches that are sent there one after the other; image i of the batch of
  /// step s is number (s % ring) size + i of it. With gather_range, image i of the range is number i.
  int64_t ring = 0;
};

/// A batch of `size` samples; overwritten.
template <class T>
struct BatchTarget {
  T* images;  // [size, height, width, channels]: (pixel / 255 - mean) inverse_std, NHWC
  int32_t* labels;
  int32_t* indices;  // of the samples in the set
  int64_t size;
  float* workspace = nullptr;        // where augmentation.changes_values(): as large as images, and may be images
  int32_t* second_labels = nullptr;  // if needed: the labels in the opposite order
};

/// The batch at which `state` (device memory) stands: places state->epoch_micro_batch size ... of the set in the order
/// of state->epoch. The order is a permutation of the set, keyed by (seed, epoch), with `shuffle`, else that of the
/// set. Places beyond the last begin again at the first; training leaves out the rest of an epoch by count / size
/// batches.
///
/// The permutation is a Feistel network on the next power of 4, walked until it is back inside the set (Black and
/// Rogaway 2002), with round keys from Philox.
///
/// What augmentation.mixing says is not done here. Augmentations that change values need 1 or 3 channels; throws Error
/// usage for others.
template <class T>
void gather_batch(const ImageSource& source, const StepState* state, bool shuffle, const Augmentation& augmentation,
                  const BatchTarget<T>& target, cudaStream_t stream);

/// Samples begin ... begin + target.size - 1 of the set, in order and as they are. They must lie inside the set.
template <class T>
void gather_range(const ImageSource& source, int64_t begin, const BatchTarget<T>& target, cudaStream_t stream);

/// The samples that gather_batch takes at `state`, which lies in host memory, from a set of `count`; overwrites
/// `samples` [size], in host memory too.
void batch_samples(const StepState& state, int64_t size, int64_t count, bool shuffle, int32_t* samples);

/// rows_out[i, :] = table[index[i], :].
///
///   table [any, cols]; index [rows], inside the table; rows_out [rows, cols], overwritten, aliases nothing.
template <class T>
void gather_rows(const T* table, const int32_t* index, T* rows_out, int64_t rows, int64_t cols, cudaStream_t stream);

}  // namespace cucurbit::kernels
