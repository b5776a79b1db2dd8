#pragma once

// Scalars for TensorBoard: a file of records, each
//
//   8 bytes  length of the data, little-endian
//   4 bytes  masked CRC-32C of these 8 bytes
//   data     a tensorflow.Event in protobuf's wire format
//   4 bytes  masked CRC-32C of the data
//
// mask(c) = ((c >> 15) | (c << 17)) + 0xa282ead8. The first event holds the version, "brain.Event:2". Events here have
// wall_time (1, double), step (2, varint) and summary (5) with values (1) of tag (1, string) and simple_value (2,
// float).

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace cucurbit {

/// A new file in `folder`, named as TensorBoard expects. It is created with the first event, so that a folder without
/// events has no file.
class EventFile {
 public:
  explicit EventFile(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Appends the scalars of one step, by tag, as one event. Throws Error io if the file cannot be written.
  void add(int64_t step, const std::vector<std::pair<std::string, double>>& scalars);

  /// Empty before the first event.
  const std::filesystem::path& path() const { return path_; }

 private:
  void append(const std::string& event) const;

  std::filesystem::path folder_, path_;
};

}  // namespace cucurbit
