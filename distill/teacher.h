#pragma once

#include "engine/data/device_set.h"
#include "engine/nn/network.h"

namespace cucurbit {

/// What a frozen teacher says of training batches. Its outputs are kept by sample view: where every epoch shows a
/// sample alike (no augmentation), one pass over the set fills a table and each batch gathers its rows; where a view
/// depends on the epoch too, nothing could be reused and the teacher runs on the very view the student sees.
class Teacher {
 public:
  /// `network` and `data` must outlive this. The images of `data` must be normalised as the teacher was trained.
  /// Throws Error input if image shapes or class counts differ.
  Teacher(Network& network, const DeviceSet& data, int64_t classes, const Augmentation& augmentation);

  /// [N, classes], not differentiated. f32 from the table, else the teacher's compute type.
  Tensor logits(const Batch& batch) const;

  bool cached() const { return bool(table_); }

 private:
  Network& network_;
  Tensor table_;  // [count, classes], undefined if views change
};

}  // namespace cucurbit
