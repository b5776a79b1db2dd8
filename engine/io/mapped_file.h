#pragma once

// Files that are mapped into memory.

#include <cstdint>
#include <filesystem>
#include <span>

namespace cucurbit {

/// A file, mapped for reading while the object lives. Throws Error(io) if it cannot be read.
///
/// If another program truncates the file meanwhile, this one is ended by SIGBUS: map only files that are replaced,
/// never changed in place.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const uint8_t> bytes() const { return {bytes_, size_}; }

 private:
  const uint8_t* bytes_ = nullptr;
  size_t size_ = 0;
};

/// A new file whose content is written through memory and which appears complete or not at all. It has no name until
/// `commit`, so that a killed process leaves nothing behind.
class NewMappedFile {
 public:
  /// Reserves `size` bytes on the device. Throws Error(io) if the folder of `path` cannot hold them.
  NewMappedFile(std::filesystem::path path, size_t size);
  ~NewMappedFile();
  NewMappedFile(const NewMappedFile&) = delete;
  NewMappedFile& operator=(const NewMappedFile&) = delete;

  std::span<uint8_t> bytes() const { return {bytes_, size_}; }

  /// Truncates the file to `size` bytes, appends `more`, and gives it its name, replacing a file of that name. Nothing
  /// is flushed to the device: after a crash of the system the content may be damaged.
  void commit(size_t size, std::span<const uint8_t> more);

 private:
  [[noreturn]] void fail(int code) const;

  std::filesystem::path path_;
  uint8_t* bytes_ = nullptr;
  size_t size_;
  int descriptor_ = -1;
};

}  // namespace cucurbit
