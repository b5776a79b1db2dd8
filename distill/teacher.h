#pragma once

#include <string>
#include <vector>

#include "engine/data/device_set.h"
#include "engine/nn/frozen_network.h"

namespace cucurbit {

/// What a teacher says of one batch.
class FrozenOutputs {
 public:
  FrozenOutputs() = default;  // of no teacher
  explicit FrozenOutputs(FrozenTensor logits, Features features = {})
      : logits_(std::move(logits)), features_(std::move(features)) {}

  /// [N, classes]
  const FrozenTensor& logits() const { return logits_; }
  /// Throws Error bug for a tap that was not requested.
  FrozenTensor feature(const std::string& tap) const { return FrozenTensor(features_.at(tap)); }

 private:
  FrozenTensor logits_;
  Features features_;
};

/// A frozen network that answers for training batches. Where every epoch shows a sample alike (no augmentation), one
/// pass over the set fills a table of logits, of which each batch gathers its rows; where a view depends on the epoch
/// too, nothing could be reused and the network runs on the very view that the student sees.
class Teacher {
 public:
  /// `network` and `data` must outlive this. The images of `data` must be normalised as the teacher was trained.
  /// Throws Error input if image shapes or class counts differ.
  Teacher(FrozenNetwork& network, const DeviceSet& data, int64_t classes, const Augmentation& augmentation);

  /// Logits are f32 if they come from the table, else of the network's compute type. `wanted` names taps of the
  /// network.
  FrozenOutputs outputs(const Batch& batch, const std::vector<std::string>& wanted = {}) const;

  bool cached() const { return bool(table_); }
  const FrozenNetwork& network() const { return network_; }
  const DeviceSet& data() const { return data_; }

 private:
  FrozenNetwork& network_;
  const DeviceSet& data_;
  Tensor table_;  // [count, classes], undefined if views change
};

}  // namespace cucurbit
