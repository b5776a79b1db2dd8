#pragma once

// A file that appears complete or not at all.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace cucurbit {

/// Writes to a temporary file beside the destination; `commit` moves it there in one step, replacing what was there.
///
/// Until then the destination is unchanged, and the destructor removes the temporary file, so that an exception leaves
/// nothing behind. (A killed process leaves a hidden `.cucurbit-*.tmp`.) A symbolic link as destination is followed; a
/// folder, device or pipe is refused. Throws Error(io) with the path, the reason of the system and the remedy.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  /// Flushes the data to the device, renames the file, and flushes the folder. Call it at most once; nothing can be
  /// written after it.
  void commit();

 private:
  void create_temporary();
  void flush_folder() const;
  void require_open(const char* operation) const;
  [[noreturn]] void fail(int code) const;

  std::filesystem::path asked_for_;
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

/// Writes a complete small file through AtomicFile.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace cucurbit
