#pragma once

// Reads a file that may be compressed by gzip or xz; its first bytes decide, never its name.

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
/// A gzip or xz file may have several members; each is checked against its sums and length when its end is reached, and
/// bytes after the last one are refused. An xz file that wants more than 1 GiB for its dictionary is refused. Throws
/// Error(input) for damaged or cut data, Error(io) for an unreadable file.
class DecompressingReader {
 public:
  DecompressingReader(const std::filesystem::path& path, std::string_view format);
  ~DecompressingReader();
  DecompressingReader(const DecompressingReader&) = delete;
  DecompressingReader& operator=(const DecompressingReader&) = delete;

  /// Fills `bytes` and returns how many were delivered: fewer only at the end. Where compressed data are cut, what can
  /// be decompressed is delivered and the call after it throws; so ask for one byte more than expected to have all
  /// checked.
  std::size_t read(std::span<std::byte> bytes);

  /// The next bytes, which the next read delivers as well: fewer than `size` (at most 64 KiB) only at the end.
  std::span<const std::byte> peek(std::size_t size);

  /// The most that may still come, for reserving memory: 0 where that is unknown (a pipe, xz).
  std::uint64_t largest_size() const;

  const std::filesystem::path& path() const { return file_.path(); }
  [[noreturn]] void reject(const std::string& message) const { file_.reject(message); }

 private:
  struct Decoder;
  struct GzipDecoder;
  struct XzDecoder;

  std::size_t decode_into(std::span<std::byte> bytes);
  bool refill();

  InputFile file_;
  std::vector<std::byte> buffer_;
  std::span<const std::byte> pending_;
  std::vector<std::byte> peeked_;
  std::unique_ptr<Decoder> decoder_;
  std::uint64_t delivered_ = 0;
};

}  // namespace cucurbit
