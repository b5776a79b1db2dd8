#pragma once

// Reads a file that may be compressed by gzip or xz; its first bytes decide, not its name.

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

/// Delivers the decompressed bytes piece by piece, so that no more than the caller asks for is held in memory.
///
/// A gzip or xz file may have several members; each is checked against its checksum and length when its end is reached,
/// and bytes after the last one are refused. An xz file that needs more than 1 GiB for its dictionary is refused.
/// Throws Error(input) for damaged or truncated data, Error(io) for an unreadable file.
class DecompressingReader {
 public:
  DecompressingReader(const std::filesystem::path& path, std::string_view format);
  ~DecompressingReader();
  DecompressingReader(const DecompressingReader&) = delete;
  DecompressingReader& operator=(const DecompressingReader&) = delete;

  /// Fills `bytes` and returns how many were delivered: fewer only at the end. If compressed data are truncated, all
  /// that can be decompressed is delivered and the next call throws; so ask for one byte more than expected to have
  /// everything checked.
  size_t read(std::span<std::byte> bytes);

  /// The next bytes, which the next read delivers again: fewer than `size` (at most 64 KiB) only at the end.
  std::span<const std::byte> peek(size_t size);

  /// An upper bound of the decompressed size, for reserving memory; 0 if it is unknown (a pipe, xz).
  uint64_t largest_size() const;

  const std::filesystem::path& path() const { return file_.path(); }
  [[noreturn]] void reject(const std::string& message) const { file_.reject(message); }

 private:
  struct Decoder;
  struct GzipDecoder;
  struct XzDecoder;

  size_t decode_into(std::span<std::byte> bytes);
  bool refill();

  InputFile file_;
  std::vector<std::byte> buffer_;
  std::span<const std::byte> pending_;
  std::vector<std::byte> peeked_;
  std::unique_ptr<Decoder> decoder_;
  uint64_t delivered_ = 0;
};

}  // namespace cucurbit
