#pragma once

// A file opened for reading, whose failures name the file.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cucurbit {

/// Reads a file from front to back. Throws Error(io) "[format] path: ..." if it cannot be opened or read, or is a
/// folder. Pipes and devices can be read too; their size is unknown.
class InputFile {
 public:
  /// `format` opens every message: "idx", "safetensors", "npy".
  InputFile(std::filesystem::path path, std::string_view format);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// Fills `bytes` and returns how many were read: fewer only at the end of the file.
  size_t read(std::span<std::byte> bytes);

  /// The size of a regular file in bytes; nothing for a pipe or a device.
  std::optional<uint64_t> size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }

  /// Throws Error(input) "[format] path: message".
  [[noreturn]] void reject(const std::string& message) const;

 private:
  std::filesystem::path path_;
  std::string format_;
  std::optional<uint64_t> size_;
  int descriptor_ = -1;
};

}  // namespace cucurbit
