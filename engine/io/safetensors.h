#pragma once

// safetensors: named tensors in one file. https://github.com/huggingface/safetensors
//
//   8 bytes   length of the header, little-endian
//   header    JSON: {"__metadata__": {key: text}, name: {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}}
//   data      the tensors, one after the other
//
// The metadata of files written here also have a CRC-32 of the whole file (`cucurbit.crc32`, computed with its own
// eight digits as zeros) and `cucurbit.format`, which says that the CRC-32 must be there: a single flipped bit is
// always noticed on reading. Files of other programs can be read as well.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/dtype.h"

namespace cucurbit {

/// A tensor and where its elements lie, row-major and little-endian. `data` has product(shape) * size_of(dtype) bytes.
struct TensorView {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  std::span<const std::byte> data;
};

/// Text by key. `cucurbit.crc32` and `cucurbit.format` belong to the file itself: they must not be given and are never
/// returned.
using Metadata = std::map<std::string, std::string>;

/// Writes all of `tensors` through AtomicFile. The order in the file is by descending element size, then by name, and
/// not that of the span: equal content gives equal bytes, and each tensor is aligned to its element size.
///
/// Throws Error(bug) for a name given twice, a reserved key, text that is not UTF-8, or a size that does not fit the
/// shape; Error(io) where the file cannot be written.
void write_safetensors(const std::filesystem::path& path, std::span<const TensorView> tensors,
                       const Metadata& metadata = {});

/// A file in memory, completely validated.
class SafetensorsFile {
 public:
  /// Throws Error(io) for a missing or unreadable file and Error(input) for anything that violates the format: a
  /// truncated or longer file, a header above 100 MB, broken JSON, keys given twice, unknown element types, sizes that
  /// do not fit shapes, holes and overlaps, a wrong checksum. Messages name the file.
  static SafetensorsFile read(const std::filesystem::path& path);

  /// Throws Error(input), naming some of those that exist, when there is no tensor of this name.
  const TensorView& at(std::string_view name) const;

  /// All tensors by name. Their data lives as long as this object, and stays put when it is moved. In files of other
  /// programs it may be unaligned: copy it by std::memcpy.
  const std::vector<TensorView>& tensors() const { return tensors_; }

  const Metadata& metadata() const { return metadata_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  SafetensorsFile() = default;

  std::filesystem::path path_;
  Metadata metadata_;
  std::vector<TensorView> tensors_;
  std::unique_ptr<std::byte[]> data_;
};

}  // namespace cucurbit
