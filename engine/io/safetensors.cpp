#include "engine/io/safetensors.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <new>
#include <set>
#include <utility>

#include "engine/io/atomic_file.h"
#include "engine/io/byte_size.h"
#include "engine/io/input_file.h"
#include "engine/io/join.h"
#include "engine/io/safetensors_header.h"
#include "kernels/error.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "tensors are stored as they lie in memory");

constexpr uint64_t kLargestHeader = 100'000'000;

using Prefix = std::array<std::byte, 8>;

Prefix encode_length(uint64_t length) { return std::bit_cast<Prefix>(length); }

class Checksum {
 public:
  void add(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;  // zlib starts again if it is given a null pointer
    value_ = crc32_z(value_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  }
  std::string digits() const { return fmt::format("{:08x}", value_); }

 private:
  uLong value_ = 0;
};

void require(bool condition, const fs::path& path, const std::string& tensor, const char* message) {
  if (condition) return;
  throw Error(ErrorKind::bug, fmt::format("[safetensors] {}: {} {}", path.string(), quote_name(tensor), message));
}

/// By descending element size, then name.
std::vector<const TensorView*> in_file_order(std::span<const TensorView> tensors) {
  std::vector<const TensorView*> order;
  for (const TensorView& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const TensorView* a, const TensorView* b) {
    const auto widest_first = [](const TensorView* t) { return -static_cast<int>(size_of(t->dtype)); };
    return std::pair(widest_first(a), std::string_view(a->name)) <
           std::pair(widest_first(b), std::string_view(b->name));
  });
  return order;
}

SafetensorsHeader describe(const fs::path& path, std::span<const TensorView* const> order, const Metadata& metadata) {
  for (const std::string_view key : {kChecksumKey, kFormatKey}) {
    require(!metadata.contains(std::string(key)), path, std::string(key), "is a reserved key: leave it out");
  }
  SafetensorsHeader header{metadata, {}};
  std::set<std::string_view> names;
  uint64_t end = 0;
  for (const TensorView* tensor : order) {
    const uint64_t size = tensor->data.size();
    require(byte_size(tensor->dtype, tensor->shape) == size, path, tensor->name,
            "has data whose size does not fit its shape: pass all elements");
    require(names.insert(tensor->name).second, path, tensor->name, "is given twice: name each tensor differently");
    require(tensor->name != "__metadata__", path, tensor->name, "is a reserved name: choose another");
    header.entries.push_back({tensor->name, tensor->dtype, tensor->shape, end, end + size});
    end += size;
  }
  return header;
}

/// Verifies the checksum if the file has one, and removes the file's own keys from the metadata.
void verify(const InputFile& file, std::string text, std::span<const std::byte> data, Metadata& metadata) {
  const bool expects = metadata.erase(std::string(kFormatKey)) > 0;
  const bool has = metadata.erase(std::string(kChecksumKey)) > 0;
  if (!expects && !has) return;
  const size_t place = find_checksum(text);
  if (!has || place == std::string::npos) {
    file.reject(
        fmt::format("the checksum {} is missing or was rewritten by another program: write the file again, or remove "
                    "{} and {} from its metadata to read it without a checksum",
                    kChecksumKey, kChecksumKey, kFormatKey));
  }
  const std::string stored = text.substr(place, kChecksumDigits);
  text.replace(place, kChecksumDigits, kChecksumDigits, '0');
  Checksum checksum;
  checksum.add(encode_length(text.size()));
  checksum.add(std::as_bytes(std::span(text)));
  checksum.add(data);
  if (checksum.digits() != stored) {
    file.reject(
        fmt::format("the checksum is {}, the file says {}: it is damaged or was changed by another program: copy "
                    "or write it again",
                    checksum.digits(), quote_name(stored)));
  }
}

std::string read_header_text(InputFile& file, uint64_t file_size) {
  Prefix prefix = {};
  if (file.read(prefix) < prefix.size()) {
    file.reject(fmt::format(
        "truncated: a safetensors file has at least 8 bytes, this one has {}: copy or write it again", file_size));
  }
  const auto length = std::bit_cast<uint64_t>(prefix);
  if (length > kLargestHeader) {
    file.reject(
        fmt::format("the header has a stated size of {} bytes, at most {} are accepted: this is not a safetensors file "
                    "or it is damaged",
                    length, kLargestHeader));
  }
  if (length > file_size - prefix.size()) {
    file.reject(fmt::format("truncated: the header has {} bytes, but only {} follow its length: copy or write it again",
                            length, file_size - prefix.size()));
  }
  std::string text(length, '\0');
  if (file.read(std::as_writable_bytes(std::span(text))) < length)
    file.reject("the file became shorter while it was read: read it again");
  return text;
}

std::unique_ptr<std::byte[]> read_data(InputFile& file, uint64_t size) {
  std::unique_ptr<std::byte[]> data;
  try {
    data = std::make_unique_for_overwrite<std::byte[]>(size);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::out_of_memory,
                fmt::format("[safetensors] {}: no memory for {} bytes: free some memory", file.path().string(), size));
  }
  if (file.read({data.get(), size}) < size) file.reject("the file became shorter while it was read: read it again");
  return data;
}

}  // namespace

void write_safetensors(const fs::path& path, std::span<const TensorView> tensors, const Metadata& metadata) {
  const std::vector<const TensorView*> order = in_file_order(tensors);
  std::string text = format_header(describe(path, order, metadata));
  if (text.size() > kLargestHeader) {
    throw Error(ErrorKind::bug,
                fmt::format("[safetensors] {}: the header has {} bytes, at most {} are allowed: write less metadata",
                            path.string(), text.size(), kLargestHeader));
  }
  const Prefix prefix = encode_length(text.size());
  Checksum checksum;
  checksum.add(prefix);
  checksum.add(std::as_bytes(std::span(text)));
  for (const TensorView* tensor : order) checksum.add(tensor->data);
  text.replace(find_checksum(text), kChecksumDigits, checksum.digits());

  AtomicFile file(path);
  file.write(prefix);
  file.write(text);
  for (const TensorView* tensor : order) file.write(tensor->data);
  file.commit();
}

SafetensorsFile SafetensorsFile::read(const fs::path& path) {
  InputFile file(path, "safetensors");
  if (!file.size()) file.reject("this is a pipe or device: give an ordinary file");
  const std::string text = read_header_text(file, *file.size());
  const uint64_t data_size = *file.size() - sizeof(Prefix) - text.size();
  SafetensorsHeader header = parse_header(text, data_size, file);

  SafetensorsFile result;
  result.path_ = path;
  result.data_ = read_data(file, data_size);
  verify(file, text, {result.data_.get(), data_size}, header.metadata);
  result.metadata_ = std::move(header.metadata);
  for (TensorEntry& entry : header.entries) {
    const std::span<const std::byte> data(result.data_.get() + entry.begin, entry.end - entry.begin);
    result.tensors_.push_back({std::move(entry.name), entry.dtype, std::move(entry.shape), data});
  }
  std::sort(result.tensors_.begin(), result.tensors_.end(),
            [](const TensorView& a, const TensorView& b) { return a.name < b.name; });
  return result;
}

const TensorView& SafetensorsFile::at(std::string_view name) const {
  const auto found = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                      [](const TensorView& tensor, std::string_view key) { return tensor.name < key; });
  if (found != tensors_.end() && found->name == name) return *found;
  constexpr size_t kShown = 8;
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(kShown, tensors_.size()); ++i) names.push_back(quote_name(tensors_[i].name));
  throw Error(ErrorKind::input,
              fmt::format("[safetensors] {}: there is no tensor {} among its {}: {}{}: use a file of the same network",
                          path_.string(), quote_name(name), tensors_.size(), join(names, ", "),
                          tensors_.size() > kShown ? ", ..." : ""));
}

}  // namespace cucurbit
