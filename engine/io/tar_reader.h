#pragma once

// Reads tar archives (POSIX ustar and pax, GNU long names) front to back, plain or compressed, without extracting them.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/io/decompressing_reader.h"

namespace cucurbit {

struct TarMember {
  std::string name;
  uint64_t size = 0;
  bool regular = false;  // a file, not a link, folder or device
};

/// Throws Error(input), naming the archive, for a damaged or truncated archive, a member of more than 16 GiB, and a
/// name that is absolute or has "..".
class TarReader {
 public:
  /// `archive` must outlive the reader.
  explicit TarReader(DecompressingReader& archive) : archive_(archive) {}

  /// True if the next bytes are a tar header with a correct checksum. Consumes nothing.
  static bool begins(DecompressingReader& archive);

  /// The next member; unread bytes of the one before are skipped. Nothing at the end, where the rest of the archive is
  /// read so that the checksums of its compression are verified.
  std::optional<TarMember> next();

  /// Fills `bytes` from the current member and returns how many were read: fewer only at its end.
  size_t read(std::span<std::byte> bytes);

 private:
  using Block = std::array<char, 512>;

  std::optional<Block> read_block();
  std::string read_text(uint64_t size);
  uint64_t checked_size(const Block& header) const;
  void apply_pax(const std::string& records);
  void skip_member();
  void read_to_end();
  [[noreturn]] void report_cut(const std::string& what);

  DecompressingReader& archive_;
  std::string name_;  // of the current member
  uint64_t left_ = 0, padding_ = 0;
  std::optional<std::string> long_name_;
  std::optional<uint64_t> long_size_;
};

}  // namespace cucurbit
