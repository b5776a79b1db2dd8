#include "engine/data/cifar.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <string_view>

#include "engine/io/decompressing_reader.h"
#include "engine/io/join.h"
#include "engine/io/tar_reader.h"
#include "kernels/error.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPixels = 32 * 32, kImage = 3 * kPixels;
constexpr uint64_t kLargestFile = uint64_t{16} << 30;
constexpr size_t kLargestText = size_t{1} << 20;
constexpr size_t kCoarseClasses = 20, kFineClasses = 100;

constexpr std::array<std::string_view, 8> kRecordFiles = {
    "data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch", "train", "test"};
constexpr std::array<std::string_view, 4> kNameFiles = {"batches.meta.txt", "fine_label_names.txt",
                                                        "coarse_label_names.txt", "classes.txt"};
constexpr std::array<std::string_view, 10> kCifar10Names = {"airplane", "automobile", "bird",  "cat",  "deer",
                                                            "dog",      "frog",       "horse", "ship", "truck"};

[[noreturn]] void reject(const std::string& file, const std::string& message) {
  throw Error(ErrorKind::input, fmt::format("[cifar] {}: {}", file, message));
}

/// "train" for train.bin, train.bin.gz and train.bin.xz; empty for any other name.
std::string_view record_stem(std::string_view name) {
  for (const std::string_view packed : {".gz", ".xz"}) {
    if (name.ends_with(packed)) name.remove_suffix(packed.size());
  }
  if (!name.ends_with(".bin")) return {};
  name.remove_suffix(4);
  return std::find(kRecordFiles.begin(), kRecordFiles.end(), name) != kRecordFiles.end() ? name : std::string_view();
}

bool is_name_file(std::string_view name) {
  return std::find(kNameFiles.begin(), kNameFiles.end(), name) != kNameFiles.end();
}

/// Under what names CIFAR is published, and what these archives unpack to.
bool is_published_archive(std::string_view name) {
  const bool cifar = name.starts_with("cifar-10-binary") || name.starts_with("cifar-100-binary");
  return cifar && name.find(".tar") != std::string_view::npos;
}
bool is_published_folder(std::string_view name) { return name == "cifar-10-batches-bin" || name == "cifar-100-binary"; }

struct Records {
  std::string file;  // for messages
  std::vector<uint8_t> bytes;
};

/// What a folder, an archive or a lone file holds.
struct Files {
  std::map<std::string, Records, std::less<>> records;                 // by stem
  std::map<std::string, std::vector<std::string>, std::less<>> names;  // class names by file name
};

/// All that `read` delivers, at most `limit` bytes.
template <class Read>
std::vector<uint8_t> read_all(const std::string& file, uint64_t limit, const Read& read) {
  constexpr size_t kLargestPiece = size_t{8} << 20;
  std::vector<uint8_t> bytes;
  for (size_t piece = size_t{64} << 10;; piece = std::min(2 * piece, kLargestPiece)) {
    const size_t before = bytes.size();
    bytes.resize(before + std::min<uint64_t>(piece, limit + 1 - before));
    const size_t got = read(std::as_writable_bytes(std::span(bytes).subspan(before)));
    bytes.resize(before + got);
    if (bytes.size() > limit) reject(file, fmt::format("more than {} bytes: this cannot be a CIFAR file", limit));
    if (got == 0) return bytes;
  }
}

std::vector<std::string> lines_of(const std::string& file, const std::vector<uint8_t>& bytes) {
  std::vector<std::string> lines;
  std::string line;
  const auto end_line = [&] {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(line);
    line.clear();
  };
  for (const uint8_t byte : bytes) {
    if (byte == 0) reject(file, "the list of class names has a zero byte: write one name per line");
    if (byte == '\n') {
      end_line();
    } else {
      line.push_back(static_cast<char>(byte));
    }
  }
  end_line();
  std::vector<std::string> sorted = lines;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) reject(file, fmt::format("the class {} is listed twice: correct the list", *twice));
  return lines;
}

/// Reads the file `name` by `read` if it is one of CIFAR's, else ignores it.
template <class Read>
void take(Files& files, std::string_view name, const std::string& file, const Read& read) {
  if (const std::string_view stem = record_stem(name); !stem.empty()) {
    if (const auto other = files.records.find(stem); other != files.records.end()) {
      reject(file, fmt::format("{} holds the same part: remove one of the two", other->second.file));
    }
    files.records[std::string(stem)] = {file, read_all(file, kLargestFile, read)};
  } else if (is_name_file(name)) {
    files.names[std::string(name)] = lines_of(file, read_all(file, kLargestText, read));
  }
}

void take_file(Files& files, std::string_view name, const fs::path& path) {
  DecompressingReader reader(path, "cifar");
  take(files, name, path.string(), [&](std::span<std::byte> bytes) { return reader.read(bytes); });
}

Files read_folder(const fs::path& folder) {
  Files files;
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    if (!record_stem(name).empty() || is_name_file(name)) take_file(files, name, entry->path());
  }
  if (failure) {
    throw Error(ErrorKind::io, fmt::format("[cifar] {}: cannot read the folder: {}: check its permissions",
                                           folder.string(), failure.message()));
  }
  return files;
}

Files read_archive(DecompressingReader& reader) {
  Files files;
  TarReader archive(reader);
  while (const std::optional<TarMember> member = archive.next()) {
    const std::string name = fs::path(member->name).filename().string();
    const std::string file = reader.path().string() + ":" + member->name;
    if (record_stem(name).empty() && !is_name_file(name)) continue;
    if (!member->regular)
      reject(file, "this is a link or folder with the name of a data file: put the file itself into the archive");
    take(files, name, file, [&](std::span<std::byte> bytes) { return archive.read(bytes); });
  }
  if (files.records.empty()) {
    reader.reject("the archive has neither data_batch_1.bin nor train.bin: use the published archive");
  }
  return files;
}

/// Refuses a file that begins like one of another format.
void check_lone_file(DecompressingReader& reader) {
  const std::span<const std::byte> first = reader.peek(4);
  const std::string_view magic(reinterpret_cast<const char*>(first.data()), first.size());
  if (magic.starts_with(std::string_view("\0\0\x08", 3)) && magic.size() == 4 && magic[3] <= 4) {
    reader.reject("this is an IDX file: give the folder that holds the images and labels");
  }
}

Files read_lone_file(DecompressingReader& reader) {
  check_lone_file(reader);
  Files files;
  const fs::path& path = reader.path();
  const std::string file_name = path.filename().string();
  const std::string_view stem = record_stem(file_name);
  const bool published = stem.starts_with("data_batch") || stem == "test_batch";
  files.records[published ? "data_batch_1" : "train"] = {
      path.string(),
      read_all(path.string(), kLargestFile, [&](std::span<std::byte> bytes) { return reader.read(bytes); })};
  for (const std::string_view name : kNameFiles) {
    std::error_code ignored;
    if (fs::exists(path.parent_path() / name, ignored)) take_file(files, name, path.parent_path() / name);
  }
  return files;
}

/// 1 for CIFAR-10's records, 2 for CIFAR-100's.
size_t labels_of_a_record(const Files& files) {
  bool one = true, two = true, in_range = true;
  for (const auto& [stem, records] : files.records) {
    const size_t size = records.bytes.size();
    if (size == 0) reject(records.file, "the file is empty: copy or download it again");
    one = one && size % (1 + kImage) == 0;
    two = two && size % (2 + kImage) == 0;
    if (!one && !two) {
      reject(records.file,
             fmt::format("{} bytes are not a multiple of the {} bytes of a CIFAR-10 record or the {} of a CIFAR-100 "
                         "record, whichever the other files have: the file is truncated or has another format: copy "
                         "or download it again",
                         size, 1 + kImage, 2 + kImage));
    }
    for (size_t i = 0; two && i + 1 < size; i += 2 + kImage) {
      in_range = in_range && records.bytes[i] < kCoarseClasses && records.bytes[i + 1] < kFineClasses;
    }
  }
  if (one && two) return in_range && !files.records.contains("data_batch_1") ? 2 : 1;
  return one ? 1 : 2;
}

/// The names of CIFAR-10, or numbers.
std::vector<std::string> default_names(size_t classes, bool cifar10) {
  if (cifar10) return {kCifar10Names.begin(), kCifar10Names.end()};
  std::vector<std::string> names;
  for (size_t c = 0; c < classes; ++c) names.push_back(std::to_string(c));
  return names;
}

/// Which label is the class, and the names of the classes.
struct Classes {
  size_t labels = 1;  // of a record
  size_t label = 0;   // the one that is the class
  std::vector<std::string> names;
};

Classes classes_of(const Files& files, bool coarse_labels) {
  Classes classes{.labels = labels_of_a_record(files)};
  if (coarse_labels && classes.labels == 1) {
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "[cifar] {}: `coarse_labels` needs CIFAR-100, whose records have two labels; these have one: leave it out",
            files.records.begin()->second.file));
  }
  classes.label = classes.labels == 2 && !coarse_labels ? 1 : 0;
  const std::string_view published = classes.labels == 1 ? "batches.meta.txt"
                                     : coarse_labels     ? "coarse_label_names.txt"
                                                         : "fine_label_names.txt";
  for (const std::string_view name : {published, std::string_view("classes.txt")}) {
    const auto found = files.names.find(name);
    if (found != files.names.end() && !found->second.empty()) {
      classes.names = found->second;
      return classes;
    }
  }
  size_t count = coarse_labels ? kCoarseClasses : kFineClasses;
  if (classes.labels == 1) {
    count = 1;
    for (const auto& [stem, records] : files.records) {
      if (stem.starts_with("test")) continue;
      for (size_t i = 0; i < records.bytes.size(); i += 1 + kImage) {
        count = std::max<size_t>(count, records.bytes[i] + 1u);
      }
    }
  }
  classes.names = default_names(count, files.records.contains("data_batch_1"));
  return classes;
}

/// Appends the labels to `set` and turns the records into images [32, 32, 3] in place.
void unpack(Records& records, const Classes& classes, ImageSet& set) {
  const size_t record = classes.labels + kImage;
  const size_t count = records.bytes.size() / record;
  std::array<uint8_t, kImage> planes;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* const from = records.bytes.data() + i * record;
    const uint8_t label = from[classes.label];
    if (label >= classes.names.size()) {
      reject(records.file, fmt::format("label {} of image {} is out of range: there are {} classes, {}: the file is "
                                       "damaged, or the list of classes belongs to another data set",
                                       label, i, classes.names.size(), join(classes.names, ",")));
    }
    set.labels.push_back(label);
    std::memcpy(planes.data(), from + classes.labels, kImage);
    uint8_t* const to = records.bytes.data() + i * kImage;
    for (size_t p = 0; p < kPixels; ++p) {
      for (size_t c = 0; c < 3; ++c) to[3 * p + c] = planes[c * kPixels + p];
    }
  }
  records.bytes.resize(count * kImage);
}

ImageSet unpack_all(Files& files, std::span<const std::string_view> stems, const Classes& classes) {
  ImageSet set{.height = 32, .width = 32, .channels = 3, .class_names = classes.names};
  std::vector<uint8_t> images;
  for (const std::string_view stem : stems) {
    const auto found = files.records.find(stem);
    unpack(found->second, classes, set);
    std::vector<uint8_t>& bytes = found->second.bytes;
    if (stems.size() == 1) {
      images = std::move(bytes);
    } else {
      if (images.empty()) images.reserve(stems.size() * bytes.size());
      images.insert(images.end(), bytes.begin(), bytes.end());
    }
    files.records.erase(found);
  }
  set.count = int64_t(set.labels.size());
  set.own(std::move(images));
  return set;
}

/// The stems of the training set, in order. All files of one data set must be there, and none of another.
std::vector<std::string_view> training_stems(const Files& files, const fs::path& path, bool lone) {
  const bool batches = std::any_of(kRecordFiles.begin(), kRecordFiles.begin() + 5,
                                   [&](std::string_view stem) { return files.records.contains(stem); });
  const bool train = files.records.contains("train");
  if ((batches || files.records.contains("test_batch")) && (train || files.records.contains("test"))) {
    reject(path.string(),
           "some files have the names of CIFAR-10, others those of CIFAR-100: keep the files of one data set");
  }
  if (lone) return {files.records.begin()->first};
  if (train) return {"train"};
  std::vector<std::string> missing;
  for (const std::string_view stem : std::span(kRecordFiles).first(5)) {
    if (!files.records.contains(stem)) missing.push_back(std::string(stem) + ".bin");
  }
  if (!missing.empty()) {
    throw Error(ErrorKind::io,
                fmt::format("[cifar] {}: these files are missing: {}: put them there{}", path.string(),
                            join(missing, ", "), batches ? ", or give the path of one file" : ", or train.bin"));
  }
  return {kRecordFiles.begin(), kRecordFiles.begin() + 5};
}

/// cifar-10-binary for cifar-10-binary.tar.xz.
std::string set_name(const fs::path& path) {
  std::error_code ignored;
  fs::path name = fs::absolute(path / "", ignored).parent_path().filename();
  for (const std::string_view ending : {".gz", ".xz", ".tar", ".bin"}) {
    if (name.extension() == ending) name = name.stem();
  }
  return name.string();
}

}  // namespace

ImageSplits load_cifar(const fs::path& path, bool coarse_labels) {
  std::error_code failure;
  Files files;
  bool lone = false;
  if (fs::is_directory(path, failure)) {
    files = read_folder(path);
  } else {
    DecompressingReader reader(path, "cifar");
    lone = !TarReader::begins(reader);
    files = lone ? read_lone_file(reader) : read_archive(reader);
  }
  const std::vector<std::string_view> train = training_stems(files, path, lone);
  const Classes classes = classes_of(files, coarse_labels);
  const std::string name = set_name(path);
  ImageSplits splits;
  const std::string_view test = train.size() > 1 ? "test_batch" : "test";
  if (files.records.contains(test)) {
    splits.test = unpack_all(files, {&test, 1}, classes);
    splits.test->name = name;
  }
  splits.train = unpack_all(files, train, classes);
  splits.train.name = name;
  return splits;
}

std::vector<fs::path> find_cifar(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_directory(path, failure)) return {path};
  std::vector<fs::path> unpacked, packed;
  bool has_files = false;
  for (fs::directory_iterator entry(path, failure), end; !failure && entry != end; entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    if (is_published_folder(name)) unpacked.push_back(entry->path());
    if (is_published_archive(name)) packed.push_back(entry->path());
    has_files = has_files || !record_stem(name).empty();
  }
  std::vector<fs::path> found = unpacked.empty() ? packed : unpacked;
  if (has_files) found.push_back(path);
  return found;
}

}  // namespace cucurbit
