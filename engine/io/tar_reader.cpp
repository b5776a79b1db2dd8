#include "engine/io/tar_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <vector>

namespace cucurbit {
namespace {

constexpr size_t kBlock = 512;
constexpr uint64_t kLargestMember = uint64_t{16} << 30;
constexpr uint64_t kLargestText = uint64_t{64} << 10;  // of long names and pax records
constexpr uint64_t kMostAfterEnd = uint64_t{64} << 20;
constexpr uint64_t kNotANumber = ~uint64_t{0};

/// Where the fields of a header lie.
struct Field {
  size_t offset, size;
};
constexpr Field kName{0, 100}, kSize{124, 12}, kChecksum{148, 8}, kType{156, 1}, kMagic{257, 5}, kPrefix{345, 155};

std::string_view text_of(std::span<const char> header, Field field) {
  const std::string_view all(header.data() + field.offset, field.size);
  return all.substr(0, all.find('\0'));
}

/// Octal digits among spaces or, if the highest bit is set, a big-endian number.
uint64_t number_of(std::span<const char> header, Field field) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(header.data() + field.offset);
  if (bytes[0] & 0x80) {
    uint64_t value = bytes[0] & 0x7f;
    for (size_t i = 1; i < field.size; ++i) {
      if (value >> 55) return kNotANumber;
      value = value << 8 | bytes[i];
    }
    return value;
  }
  std::string_view digits = text_of(header, field);
  digits.remove_prefix(std::min(digits.find_first_not_of(' '), digits.size()));
  uint64_t value = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
  const std::string_view rest(end, size_t(digits.data() + digits.size() - end));
  const bool clean = failure == std::errc{} && rest.find_first_not_of(' ') == std::string_view::npos;
  return clean ? value : kNotANumber;
}

/// The checksum is the sum of all bytes, where its own bytes count as spaces. Some old programs added signed bytes.
bool checksum_is_right(std::span<const char> header) {
  int64_t plain = 0, with_sign = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.size;
    plain += own ? ' ' : static_cast<unsigned char>(header[i]);
    with_sign += own ? ' ' : static_cast<signed char>(header[i]);
  }
  const uint64_t stored = number_of(header, kChecksum);
  return stored == uint64_t(plain) || stored == uint64_t(with_sign);
}

bool leaves_the_archive(const std::string& name) {
  const std::filesystem::path path(name);
  return path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end();
}

}  // namespace

bool TarReader::begins(DecompressingReader& archive) {
  const std::span<const std::byte> bytes = archive.peek(kBlock);
  const std::span header(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return bytes.size() == kBlock && header[0] != 0 && checksum_is_right(header);
}

std::optional<TarReader::Block> TarReader::read_block() {
  Block block;
  const size_t got = archive_.read(std::as_writable_bytes(std::span(block)));
  if (got < kBlock) report_cut("there is no end mark");
  if (std::all_of(block.begin(), block.end(), [](char byte) { return byte == 0; })) return std::nullopt;
  if (!checksum_is_right(block)) {
    archive_.reject("a member's header is damaged (wrong checksum): copy or download the archive again");
  }
  return block;
}

uint64_t TarReader::checked_size(const Block& header) const {
  const uint64_t size = long_size_.value_or(number_of(header, kSize));
  if (size > kLargestMember) {
    archive_.reject(fmt::format("the member {} announces {}, at most 16 GiB are accepted: the archive is damaged",
                                text_of(header, kName),
                                size == kNotANumber ? std::string("no size") : fmt::format("{} bytes", size)));
  }
  return size;
}

std::string TarReader::read_text(uint64_t size) {
  if (size > kLargestText) archive_.reject(fmt::format("a member's name has {} bytes: the archive is damaged", size));
  std::string text(size, '\0');
  left_ = size;
  padding_ = (kBlock - size % kBlock) % kBlock;
  read(std::as_writable_bytes(std::span(text)));
  skip_member();
  return text;
}

/// Parses records "LENGTH KEY=VALUE\n"; only the keys path and size are used.
void TarReader::apply_pax(const std::string& records) {
  std::string_view rest = records;
  while (!rest.empty() && rest[0] != '\0') {
    size_t length = 0;
    const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    const auto digits = size_t(end - rest.data());
    if (failure != std::errc{} || length > rest.size() || length < digits + 3) {
      archive_.reject("a pax header is damaged: copy or download the archive again");
    }
    const std::string_view record = rest.substr(digits + 1, length - digits - 2);
    rest.remove_prefix(length);
    if (record.starts_with("path=")) long_name_ = record.substr(5);
    if (record.starts_with("size=")) {
      uint64_t size = kNotANumber;
      std::from_chars(record.data() + 5, record.data() + record.size(), size);
      long_size_ = size;
    }
  }
}

std::optional<TarMember> TarReader::next() {
  skip_member();
  for (;;) {
    const std::optional<Block> header = read_block();
    if (!header) {
      read_to_end();
      return std::nullopt;
    }
    const char type = (*header)[kType.offset];
    const uint64_t size = checked_size(*header);
    if (type == 'x') {
      apply_pax(read_text(size));
    } else if (type == 'L') {
      const std::string name = read_text(size);
      long_name_ = name.substr(0, name.find('\0'));
    } else if (type == 'g' || type == 'K') {
      read_text(size);
    } else {
      TarMember member{.size = size, .regular = type == '0' || type == '\0'};
      const bool ustar = text_of(*header, kMagic).starts_with("ustar");
      const std::string prefix(ustar ? text_of(*header, kPrefix) : "");
      member.name = long_name_.value_or(prefix + (prefix.empty() ? "" : "/") + std::string(text_of(*header, kName)));
      if (leaves_the_archive(member.name)) {
        archive_.reject(
            fmt::format("the path of the member {} leads outside the archive: do not trust this archive", member.name));
      }
      name_ = member.name;
      long_name_.reset();
      long_size_.reset();
      left_ = member.regular ? size : 0;  // links and folders announce sizes but have no data
      padding_ = (kBlock - left_ % kBlock) % kBlock;
      return member;
    }
  }
}

size_t TarReader::read(std::span<std::byte> bytes) {
  const size_t size = std::min<uint64_t>(bytes.size(), left_);
  const size_t got = archive_.read(bytes.first(size));
  left_ -= got;
  if (got < size) report_cut(fmt::format("{} bytes of the member {} are missing", left_, name_));
  return got;
}

void TarReader::report_cut(const std::string& what) {
  std::byte extra;
  archive_.read({&extra, 1});  // throws if the compressed data are truncated
  archive_.reject(fmt::format("the archive is truncated: {}: copy or download it again", what));
}

void TarReader::skip_member() {
  std::vector<std::byte> ignored(std::min<uint64_t>(left_ + padding_, uint64_t{1} << 18));
  left_ += padding_;
  padding_ = 0;
  while (left_ > 0) read(ignored);
}

void TarReader::read_to_end() {
  std::vector<std::byte> ignored(size_t{1} << 16);
  uint64_t total = 0;
  for (size_t got = 0; (got = archive_.read(ignored)) > 0;) {
    total += got;
    if (total > kMostAfterEnd) archive_.reject("the archive continues after its end mark: it is damaged");
  }
}

}  // namespace cucurbit
