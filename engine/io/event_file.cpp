#include "engine/io/event_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <fstream>

#include "kernels/error.h"

namespace cucurbit {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

constexpr std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = remainder >> 1 ^ (remainder & 1 ? 0x82f63b78u : 0);  // Castagnoli
    table[byte] = remainder;
  }
  return table;
}

uint32_t masked_crc(const std::string& bytes) {
  static constexpr auto kTable = crc_table();
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 255];
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

template <class T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// Fields of protobuf: the number and the kind of the value in one byte, then the value.
enum Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

char key(int field, Wire wire) { return char(field << 3 | wire); }

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes += char((value & 127) | 128);
  return bytes += char(value);
}

std::string bytes_field(int field, const std::string& bytes) {
  return key(field, kBytes) + varint(bytes.size()) + bytes;
}

std::string event(const std::string& content) {
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return key(1, kFixed64) + raw(now) + content;
}

std::string summary(const std::vector<std::pair<std::string, double>>& scalars) {
  std::string values;
  for (const auto& [tag, value] : scalars)
    values += bytes_field(1, bytes_field(1, tag) + key(2, kFixed32) + raw(float(value)));
  return bytes_field(5, values);
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "host";
}

std::filesystem::path fresh_path(const std::filesystem::path& folder) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  for (int n = 0;; ++n) {
    const auto path = folder / fmt::format("events.out.tfevents.{:010}.{}.{}.{}", seconds, host_name(), getpid(), n);
    if (!std::filesystem::exists(path)) return path;
  }
}

}  // namespace

void EventFile::append(const std::string& event) const {
  const std::string length = raw(uint64_t(event.size()));
  std::ofstream file(path_, std::ios::binary | std::ios::app);
  file << length << raw(masked_crc(length)) << event << raw(masked_crc(event));
  if (!file.flush())
    throw Error(ErrorKind::io, fmt::format("[events] cannot write {}: is the disk full?", path_.string()));
}

void EventFile::add(int64_t step, const std::vector<std::pair<std::string, double>>& scalars) {
  if (path_.empty()) {
    path_ = fresh_path(folder_);
    append(event(bytes_field(3, "brain.Event:2")));
  }
  append(event(key(2, kVarint) + varint(uint64_t(step)) + summary(scalars)));
}

}  // namespace cucurbit
