#include "engine/io/npy.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/io/atomic_file.h"
#include "engine/io/byte_size.h"
#include "engine/io/input_file.h"
#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "arrays are stored as they lie in memory");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kPreambleSize = 10;  // magic, version, header length
constexpr size_t kAlignment = 64;
constexpr size_t kLongestHeader = 65535;
constexpr size_t kLargestRank = 64;  // NumPy's own limit

constexpr std::pair<DType, std::string_view> kTypeCodes[] = {
    {DType::f32, "<f4"}, {DType::f64, "<f8"}, {DType::i32, "<i4"}, {DType::i64, "<i8"}, {DType::u8, "|u1"}};

std::string format_header(const fs::path& path, DType dtype, std::span<const int64_t> shape) {
  std::string_view code;
  for (const auto& [type, text] : kTypeCodes) {
    if (type == dtype) code = text;
  }
  if (code.empty() || shape.size() > kLargestRank) {
    throw Error(ErrorKind::bug, fmt::format("[npy] {}: NPY cannot hold {} with {} dimensions: convert it first",
                                            path.string(), name(dtype), shape.size()));
  }
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", code,
                                   join(shape, ", "), shape.size() == 1 ? "," : "");
  const size_t unpadded = kPreambleSize + header.size() + 1;
  header.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  header.push_back('\n');
  return header;
}

/// Parses the Python dictionary of which a header consists.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const InputFile& file) : rest_(text), file_(file) {}

  NpyArray parse() {
    NpyArray array;
    bool has_type = false, has_order = false, has_shape = false;
    expect("{");
    while (!accept("}")) {
      const std::string_view key = string();
      expect(":");
      if (key == "descr" && !std::exchange(has_type, true)) {
        array.dtype = type(string());
      } else if (key == "fortran_order" && !std::exchange(has_order, true)) {
        if (accept("True")) file_.reject("the array is in Fortran order: save it in C order (numpy.ascontiguousarray)");
        expect("False");
      } else if (key == "shape" && !std::exchange(has_shape, true)) {
        array.shape = shape();
      } else {
        malformed();
      }
      if (!accept(",")) {
        expect("}");
        break;
      }
    }
    skip_spaces();
    if (rest_ != "\n" || !has_type || !has_order || !has_shape) malformed();
    return array;
  }

 private:
  [[noreturn]] void malformed() const {
    file_.reject(
        "the header is not the dictionary of descr, fortran_order and shape: the file is damaged: save it again");
  }

  void skip_spaces() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }

  bool accept(std::string_view token) {
    skip_spaces();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  void expect(std::string_view token) {
    if (!accept(token)) malformed();
  }

  std::string_view string() {
    skip_spaces();
    if (!rest_.starts_with('\'') && !rest_.starts_with('"')) malformed();
    const size_t end = rest_.find(rest_[0], 1);
    if (end == std::string_view::npos) malformed();
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }

  DType type(std::string_view code) const {
    if (code == "<u1") return DType::u8;
    for (const auto& [type, text] : kTypeCodes) {
      if (text == code) return type;
    }
    file_.reject(
        fmt::format("elements of type {:?} are not supported: convert them to one of <f4, <f8, <i4, <i8, |u1 "
                    "(numpy.astype)",
                    code));
  }

  std::vector<int64_t> shape() {
    std::vector<int64_t> extents;
    expect("(");
    while (!accept(")")) {
      skip_spaces();
      int64_t extent = 0;
      const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
      if (failure != std::errc() || extent < 0 || rest_[0] == '-') malformed();
      rest_.remove_prefix(size_t(end - rest_.data()));
      extents.push_back(extent);
      if (accept(",")) continue;
      expect(")");
      if (extents.size() == 1) malformed();  // (3) is a number, (3,) is a shape
      break;
    }
    if (extents.size() > kLargestRank) malformed();
    return extents;
  }

  std::string_view rest_;
  const InputFile& file_;
};

NpyArray read_header(InputFile& file) {
  std::array<unsigned char, kPreambleSize> preamble = {};
  const size_t got = file.read(std::as_writable_bytes(std::span(preamble)));
  const std::string_view start(reinterpret_cast<const char*>(preamble.data()), got);
  if (start.substr(0, kMagic.size()) != kMagic.substr(0, std::min(got, kMagic.size()))) {
    file.reject("this is not an NPY file: save it with numpy.save");
  }
  if (got < preamble.size()) {
    file.reject(fmt::format("truncated: an NPY file begins with {} bytes, this one has {}: copy or save it again",
                            kPreambleSize, got));
  }
  if (preamble[6] != 1 || preamble[7] != 0) {
    file.reject(fmt::format("version {}.{} of the format cannot be read, only 1.0: save a plain array with numpy.save",
                            preamble[6], preamble[7]));
  }
  std::string header(preamble[8] | preamble[9] << 8, '\0');
  const size_t header_got = file.read(std::as_writable_bytes(std::span(header)));
  if (header_got < header.size()) {
    file.reject(fmt::format("truncated: the header has {} bytes, the file {} of them: copy or save it again",
                            header.size(), header_got));
  }
  return HeaderParser(header, file).parse();
}

}  // namespace

void write_npy(const fs::path& path, DType dtype, std::span<const int64_t> shape, std::span<const std::byte> data) {
  const std::string header = format_header(path, dtype, shape);
  const std::optional<uint64_t> size = byte_size(dtype, shape);
  if (!size || *size != data.size() || header.size() > kLongestHeader) {
    throw Error(ErrorKind::bug, fmt::format("[npy] {}: {} bytes of {} do not fit the shape [{}]: pass all elements",
                                            path.string(), data.size(), name(dtype), join(shape, ", ")));
  }
  const char preamble[] = {'\x93',
                           'N',
                           'U',
                           'M',
                           'P',
                           'Y',
                           1,
                           0,
                           static_cast<char>(header.size() & 0xff),
                           static_cast<char>(header.size() >> 8)};
  static_assert(sizeof(preamble) == kPreambleSize);
  AtomicFile file(path);
  file.write(std::string_view(preamble, sizeof(preamble)));
  file.write(header);
  file.write(data);
  file.commit();
}

NpyArray read_npy(const fs::path& path) {
  InputFile file(path, "npy");
  NpyArray array = read_header(file);
  const std::optional<uint64_t> size = byte_size(array.dtype, array.shape);
  const std::string shape = fmt::format("{} [{}]", name(array.dtype), join(array.shape, ", "));
  if (!size) file.reject(fmt::format("{} is larger than any file: the file is damaged: save it again", shape));
  if (!file.size()) file.reject("this is a pipe or device: give an ordinary file");
  if (*size > *file.size()) {
    file.reject(fmt::format("truncated: {} needs {} bytes of data, the whole file has {}: copy or save it again", shape,
                            *size, *file.size()));
  }
  array.data.resize(*size);
  const size_t got = file.read(array.data);
  if (got < *size) {
    file.reject(
        fmt::format("truncated: {} needs {} bytes of data, the file has {}: copy or save it again", shape, *size, got));
  }
  std::byte extra;
  if (file.read({&extra, 1}) != 0) {
    file.reject(fmt::format("too long: bytes follow the {} of {}: save it again", *size, shape));
  }
  return array;
}

}  // namespace cucurbit
