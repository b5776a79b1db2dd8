#pragma once

#include "engine/data/image_set.h"

namespace cucurbit {

/// Moves `val_size` images of the training set, chosen by `seed`, to a validation set: of every class its share
/// (rounded by largest remainders), but never its last image. Both sets keep the order of the images. With `val_size` 0
/// there is no validation set and no image is copied.
///
/// Splits that have a validation set already stay as they are. The same on every platform. Throws Error usage, naming
/// `val_size`, if it is negative or not every class would keep an image for training.
ImageSplits split_validation(ImageSplits splits, int64_t val_size, uint64_t seed);

}  // namespace cucurbit
