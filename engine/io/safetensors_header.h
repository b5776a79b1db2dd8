#pragma once

// The JSON header of a safetensors file, as text and as values. See safetensors.h.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/input_file.h"
#include "engine/io/safetensors.h"
#include "kernels/dtype.h"

namespace cucurbit {

inline constexpr std::string_view kChecksumKey = "cucurbit.crc32";
inline constexpr std::string_view kFormatKey = "cucurbit.format";
inline constexpr size_t kChecksumDigits = 8;

struct TensorEntry {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  uint64_t begin = 0;  ///< offsets into the data part
  uint64_t end = 0;
};

struct SafetensorsHeader {
  Metadata metadata;
  std::vector<TensorEntry> entries;  ///< in the order of the data
};

/// A name in quotation marks, escaped and shortened, for messages.
std::string quote_name(std::string_view name);

/// Compact JSON, padded with spaces until 8 + its length is a multiple of 8; the checksum's digits are zeros.
/// Throws Error(bug) for text that is not UTF-8.
std::string format_header(const SafetensorsHeader& header);

/// Throws Error(input) unless the text is a header in which the entries cover `data_size` bytes without hole or
/// overlap.
SafetensorsHeader parse_header(std::string_view text, uint64_t data_size, const InputFile& file);

/// Where the checksum's digits stand in a header's text; npos where there are none in the form written here.
size_t find_checksum(std::string_view text);

}  // namespace cucurbit
