#pragma once

// Files as memory.

#include <cstdint>
#include <filesystem>
#include <span>

namespace cucurbit {

/// A file mapped for reading as long as the object lives. Throws Error(io) where it cannot be read.
///
/// A file that another program cuts meanwhile ends this one by SIGBUS: map only files that are replaced, not changed.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::uint8_t> bytes() const { return {bytes_, size_}; }

 private:
  const std::uint8_t* bytes_ = nullptr;
  std::size_t size_ = 0;
};

/// A new file that is filled as memory and appears complete or not at all. It has no name until `commit`, so that a
/// killed process leaves nothing behind.
class NewMappedFile {
 public:
  /// Takes `size` bytes of the device for it. Throws Error(io) where the folder of `path` cannot hold them.
  NewMappedFile(std::filesystem::path path, std::size_t size);
  ~NewMappedFile();
  NewMappedFile(const NewMappedFile&) = delete;
  NewMappedFile& operator=(const NewMappedFile&) = delete;

  std::span<std::uint8_t> bytes() const { return {bytes_, size_}; }

  /// Cuts the file to `size` bytes, appends `more`, and gives it its name, replacing what had it. Nothing is flushed
  /// to the device: after a crash of the system the content may be damaged.
  void commit(std::size_t size, std::span<const std::uint8_t> more);

 private:
  [[noreturn]] void fail(int code) const;

  std::filesystem::path path_;
  std::uint8_t* bytes_ = nullptr;
  std::size_t size_;
  int descriptor_ = -1;
};

}  // namespace cucurbit
