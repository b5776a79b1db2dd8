#include "engine/data/idx.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/io/decompressing_reader.h"
#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestFile = uint64_t{16} << 30;
constexpr int64_t kLargestSide = 65535;
constexpr uint8_t kUnsignedByte = 0x08;

std::string_view element_type_name(uint8_t code) {
  switch (code) {
    case kUnsignedByte:
      return "unsigned bytes";
    case 0x09:
      return "signed bytes";
    case 0x0B:
      return "16-bit integers";
    case 0x0C:
      return "32-bit integers";
    case 0x0D:
      return "32-bit floats";
    case 0x0E:
      return "64-bit floats";
    default:
      return "";
  }
}

/// Asks for one byte more than `size`, so that a longer file is noticed and a gzip checksum is verified.
std::vector<uint8_t> read_elements(DecompressingReader& reader, uint64_t size) {
  constexpr uint64_t kPiece = uint64_t{8} << 20;
  std::vector<uint8_t> bytes;
  bytes.reserve(std::min(size, reader.largest_size()));
  while (bytes.size() < size) {
    const size_t before = bytes.size();
    bytes.resize(before + std::min<uint64_t>(kPiece, size - before));
    const size_t got = reader.read(std::as_writable_bytes(std::span(bytes).subspan(before)));
    if (before + got < bytes.size()) {
      reader.reject(
          fmt::format("truncated: the header announces {} bytes of data, the file has {}: copy or download it "
                      "again",
                      size, before + got));
    }
  }
  std::byte extra;
  if (reader.read({&extra, 1}) != 0) {
    reader.reject(
        fmt::format("too long: bytes follow the {} that the header announces: the file is damaged or not of "
                    "this format: copy or download it again",
                    size));
  }
  return bytes;
}

std::string describe_magic(std::span<const uint8_t, 4> magic) {
  const std::string hex = fmt::format("0x{:02x}{:02x}{:02x}{:02x}", magic[0], magic[1], magic[2], magic[3]);
  if (magic[0] == 0 && magic[1] == 0 && !element_type_name(magic[2]).empty() && magic[3] > 0) {
    const std::string_view type = element_type_name(magic[2]);
    if (magic[2] == kUnsignedByte && magic[3] == 1) return fmt::format("this is a label file (magic {})", hex);
    if (magic[2] == kUnsignedByte && (magic[3] == 3 || magic[3] == 4)) {
      return fmt::format("this is an image file (magic {})", hex);
    }
    return fmt::format("this is an IDX file of {} with {} dimensions (magic {})", type, magic[3], hex);
  }
  if (magic[2] == 0 && magic[3] == 0 && magic[1] == kUnsignedByte) {
    return fmt::format("this is an IDX file with its header in the wrong byte order (magic {})", hex);
  }
  return fmt::format("this is not an IDX file (magic {})", hex);
}

struct Idx {
  std::vector<int64_t> extents;
  std::vector<uint8_t> elements;
};

std::vector<int64_t> read_extents(DecompressingReader& reader, size_t rank) {
  std::vector<uint8_t> bytes(4 * rank);
  const size_t got = reader.read(std::as_writable_bytes(std::span(bytes)));
  if (got < bytes.size()) {
    reader.reject(fmt::format("truncated: the header has {} bytes, the file {}: copy or download it again",
                              4 + 4 * rank, 4 + got));
  }
  std::vector<int64_t> extents;
  for (size_t i = 0; i < bytes.size(); i += 4) {
    extents.push_back(int64_t{bytes[i]} << 24 | bytes[i + 1] << 16 | bytes[i + 2] << 8 | bytes[i + 3]);
  }
  return extents;
}

uint64_t checked_size(const DecompressingReader& reader, const std::vector<int64_t>& extents) {
  const std::string shape = fmt::format("[{}]", join(extents, ", "));
  uint64_t size = 1;
  bool overflow = false;
  for (const int64_t extent : extents) {
    if (extent == 0) reader.reject(fmt::format("a dimension of {} is 0: use a file that holds data", shape));
    overflow = overflow || __builtin_mul_overflow(size, uint64_t(extent), &size);
  }
  if (overflow || size > kLargestFile) {
    reader.reject(
        fmt::format("the header announces {} bytes, more than the 16 GiB that are accepted: the file is damaged "
                    "or has to be split",
                    shape));
  }
  return size;
}

void check_image_shape(const DecompressingReader& reader, const std::vector<int64_t>& extents) {
  const std::string shape = fmt::format("[{}]", join(extents, ", "));
  if (extents[1] > kLargestSide || extents[2] > kLargestSide) {
    reader.reject(
        fmt::format("images of {} x {} pixels, at most {} x {} are accepted: the file is damaged or the images "
                    "have to be made smaller",
                    extents[1], extents[2], kLargestSide, kLargestSide));
  }
  if (extents.size() == 4 && extents[1] <= 4 && extents[3] > 4) {
    reader.reject(
        fmt::format("the shape {} looks like [count, channels, height, width]: write it as [count, height, "
                    "width, channels]",
                    shape));
  }
}

/// Reads a file of unsigned bytes whose rank is one of `ranks`; `expected` says in a message what that is.
Idx read_idx_file(const fs::path& path, std::span<const uint8_t> ranks, std::string_view expected) {
  DecompressingReader reader(path, "idx");
  std::array<uint8_t, 4> magic = {};
  const size_t got = reader.read(std::as_writable_bytes(std::span(magic)));
  if (got < magic.size()) {
    reader.reject(
        fmt::format("truncated: an IDX header begins with 4 bytes, the file has {}: copy or download it again", got));
  }
  const bool has_rank = std::find(ranks.begin(), ranks.end(), magic[3]) != ranks.end();
  if (magic[0] != 0 || magic[1] != 0 || magic[2] != kUnsignedByte || !has_rank) {
    reader.reject(fmt::format("{}: expected {}", describe_magic(magic), expected));
  }
  Idx idx;
  idx.extents = read_extents(reader, magic[3]);
  const uint64_t size = checked_size(reader, idx.extents);
  if (idx.extents.size() >= 3) check_image_shape(reader, idx.extents);
  idx.elements = read_elements(reader, size);
  return idx;
}

void check_labels(const fs::path& path, std::span<const uint8_t> labels, int32_t class_count) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= class_count) {
      throw Error(
          ErrorKind::input,
          fmt::format("[idx] {}: label {} of image {} is out of range: there are {} classes, 0 to {}: correct the "
                      "label or the number of classes",
                      path.string(), labels[i], i, class_count, class_count - 1));
    }
  }
}

/// The four kinds of file in a folder.
struct Part {
  std::string_view what;
  std::string_view stem;
  std::string_view type;
};

constexpr std::array<Part, 4> kParts = {{{"training images", "train-images", "idx3-ubyte"},
                                         {"training labels", "train-labels", "idx1-ubyte"},
                                         {"test images", "t10k-images", "idx3-ubyte"},
                                         {"test labels", "t10k-labels", "idx1-ubyte"}}};

/// STEM-idxR-ubyte or STEM.idxR-ubyte, R any number, with or without .gz or .xz.
bool is_part(std::string_view name, const Part& part) {
  const auto take = [&name](std::string_view text) {
    const bool found = name.starts_with(text);
    if (found) name.remove_prefix(text.size());
    return found;
  };
  if (!take(part.stem) || !(take("-idx") || take(".idx"))) return false;
  const size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  name.remove_prefix(digits);
  return digits > 0 && take("-ubyte") && (name.empty() || name == ".gz" || name == ".xz");
}

/// The first by name, so that a plain file comes before its compressed form.
std::optional<fs::path> find_part(const fs::path& folder, const Part& part) {
  std::optional<fs::path> found;
  std::error_code ignored;
  for (fs::directory_iterator entry(folder, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    const fs::path name = entry->path().filename();
    if (is_part(name.native(), part) && (!found || name < found->filename())) found = entry->path();
  }
  return found;
}

void check_folder(const fs::path& folder) {
  std::error_code failure;
  const fs::file_status status = fs::status(folder, failure);
  if (status.type() == fs::file_type::directory) return;
  if (status.type() == fs::file_type::not_found) {
    throw Error(ErrorKind::io, fmt::format("[idx] {}: there is no such folder: check the path", folder.string()));
  }
  if (failure) {
    throw Error(ErrorKind::io, fmt::format("[idx] {}: cannot read the folder: {}: check the path and its permissions",
                                           folder.string(), failure.message()));
  }
  throw Error(ErrorKind::input,
              fmt::format("[idx] {}: this is not a folder: give the folder that holds the files", folder.string()));
}

[[noreturn]] void report_missing(const fs::path& folder, std::span<const Part> missing) {
  std::string list;
  for (const Part& part : missing) {
    list += fmt::format("{}the {} ({}-{}, or .gz or .xz of it)", list.empty() ? "" : " and ", part.what, part.stem,
                        part.type);
  }
  throw Error(ErrorKind::io, fmt::format("[idx] {}: these files are missing: {}: put them there or give another folder",
                                         folder.string(), list));
}

std::string set_name(const fs::path& images_path) {
  std::error_code ignored;
  const std::string name = fs::absolute(images_path, ignored).parent_path().filename().string();
  return name.empty() ? images_path.filename().string() : name;
}

ImageSet read_part(const fs::path& images_path, const fs::path& labels_path, std::optional<int32_t> class_count) {
  constexpr uint8_t kImageRanks[] = {3, 4};
  constexpr uint8_t kLabelRanks[] = {1};
  Idx images =
      read_idx_file(images_path, kImageRanks, "a file of images: unsigned bytes, 3 dimensions (magic 0x00000803)");
  const Idx labels =
      read_idx_file(labels_path, kLabelRanks, "a file of labels: unsigned bytes, 1 dimension (magic 0x00000801)");
  if (images.extents[0] != labels.extents[0]) {
    throw Error(ErrorKind::input,
                fmt::format("[idx] {} has {} images, {} has {} labels: use two files of one data set",
                            images_path.string(), images.extents[0], labels_path.string(), labels.extents[0]));
  }
  const int32_t largest = *std::max_element(labels.elements.begin(), labels.elements.end());
  const int32_t classes = class_count.value_or(largest + 1);
  check_labels(labels_path, labels.elements, classes);

  ImageSet set;
  set.name = set_name(images_path);
  set.count = images.extents[0];
  set.height = images.extents[1];
  set.width = images.extents[2];
  set.channels = images.extents.size() == 4 ? images.extents[3] : 1;
  set.own(std::move(images.elements));
  set.labels.assign(labels.elements.begin(), labels.elements.end());
  for (int32_t c = 0; c < classes; ++c) set.class_names.push_back(std::to_string(c));
  return set;
}

void check_same_shape(const fs::path& path, const ImageSet& train, const ImageSet& test) {
  if (test.height == train.height && test.width == train.width && test.channels == train.channels) return;
  throw Error(
      ErrorKind::input,
      fmt::format(
          "[idx] {}: the test images are {} x {} x {}, the training images {} x {} x {}: use files of one data set",
          path.string(), test.height, test.width, test.channels, train.height, train.width, train.channels));
}

}  // namespace

ImageSet read_idx(const fs::path& images_path, const fs::path& labels_path, std::optional<int32_t> class_count) {
  if (class_count && *class_count < 1) {
    throw Error(ErrorKind::usage,
                fmt::format("[idx] {}: {} classes: expected 1 or more", labels_path.string(), *class_count));
  }
  return read_part(images_path, labels_path, class_count);
}

bool is_idx_folder(const fs::path& folder) {
  return std::any_of(kParts.begin(), kParts.end(),
                     [&](const Part& part) { return find_part(folder, part).has_value(); });
}

ImageSplits load_idx_folder(const fs::path& folder, const std::vector<std::string>& class_names) {
  check_folder(folder);
  std::array<std::optional<fs::path>, 4> paths;
  for (size_t i = 0; i < kParts.size(); ++i) paths[i] = find_part(folder, kParts[i]);

  std::vector<Part> missing;
  const bool has_test = paths[2] || paths[3];
  for (size_t i = 0; i < kParts.size(); ++i) {
    if (!paths[i] && (i < 2 || has_test)) missing.push_back(kParts[i]);
  }
  if (!missing.empty()) report_missing(folder, missing);

  ImageSplits splits;
  std::optional<int32_t> named;
  if (!class_names.empty()) named = int32_t(class_names.size());
  splits.train = read_part(*paths[0], *paths[1], named);
  if (has_test) {
    splits.test = read_part(*paths[2], *paths[3], int32_t(splits.train.class_names.size()));
    check_same_shape(*paths[2], splits.train, *splits.test);
    if (named) splits.test->class_names = class_names;
  }
  if (named) splits.train.class_names = class_names;
  return splits;
}

}  // namespace cucurbit
