#pragma once

// Reads a file that may be compressed by gzip; its first two bytes decide, never its name.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/input_file.h"

namespace cucurbit {

/// Delivers the decompressed bytes piece by piece, so that what a caller does not ask for is never held in memory.
///
/// A gzip file may have several members; each is checked against its CRC and length when its end is reached, and bytes
/// after the last one are refused. Throws Error(input) for damaged or cut gzip data, Error(io) for an unreadable file.
class InflatingReader {
 public:
  InflatingReader(const std::filesystem::path& path, std::string_view format);
  ~InflatingReader();
  InflatingReader(const InflatingReader&) = delete;
  InflatingReader& operator=(const InflatingReader&) = delete;

  /// Fills `bytes` and returns how many were delivered: fewer only at the end. Where gzip data is cut, what can be
  /// decompressed is delivered and the call after it throws; so ask for one byte more than expected to have all
  /// checked.
  std::size_t read(std::span<std::byte> bytes);

  /// The most that may still come, for reserving memory: 0 where that is unknown (a pipe).
  std::uint64_t largest_size() const;

  bool compressed() const { return stream_ != nullptr; }
  [[noreturn]] void reject(const std::string& message) const { file_.reject(message); }

 private:
  struct Stream;

  std::size_t inflate_into(std::span<std::byte> bytes);
  bool refill();
  bool begin_next_member();

  InputFile file_;
  std::vector<std::byte> buffer_;
  std::span<const std::byte> pending_;
  std::unique_ptr<Stream> stream_;
  std::uint64_t delivered_ = 0;
  bool ended_ = false;
};

}  // namespace cucurbit
