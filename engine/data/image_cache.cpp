#include "engine/data/image_cache.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/data/parallel.h"
#include "engine/io/checksum.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Bytes = std::span<const uint8_t>;

constexpr int kVersion = 1;  // raise it when the same files would decode to other bytes
constexpr size_t kPiece = size_t{4} << 20;

/// The end of a cache file: images, then `metadata` bytes of CBOR, then this.
struct Footer {
  char magic[16] = {'c', 'u', 'c', 'u', 'r', 'b', 'i', 't', ' ', 'i', 'm', 'a', 'g', 'e', 's', '\n'};
  uint64_t images = 0, metadata = 0, metadata_sum = 0;
};

template <class T>
uint64_t add_to_sum(uint64_t sum, const T& value) {
  return checksum({reinterpret_cast<const uint8_t*>(&value), sizeof(value)}, sum);
}

uint64_t add_to_sum(uint64_t sum, const std::string& text) {
  return checksum({reinterpret_cast<const uint8_t*>(text.data()), text.size() + 1}, sum);
}

/// Changes whenever a file is added, removed, renamed or written.
uint64_t fingerprint(const ListedSplit& split) {
  uint64_t sum = add_to_sum(0, kVersion);
  for (const ListedFile& file : split.files) {
    sum = add_to_sum(add_to_sum(add_to_sum(sum, file.path), file.size), file.modified);
    sum = add_to_sum(sum, file.problem);
  }
  return sum;
}

std::vector<uint64_t> piece_sums(Bytes images) {
  std::vector<uint64_t> sums((images.size() + kPiece - 1) / kPiece);
  parallel_for(int64_t(sums.size()), [&](int64_t i) {
    const size_t at = size_t(i) * kPiece;
    sums[i] = checksum(images.subspan(at, std::min(kPiece, images.size() - at)));
  });
  return sums;
}

template <class T>
json::binary_t to_binary(const std::vector<T>& values) {
  const auto* const first = reinterpret_cast<const uint8_t*>(values.data());
  return json::binary_t(std::vector<uint8_t>(first, first + values.size() * sizeof(T)));
}

template <class T>
std::vector<T> from_binary(const json& value) {
  const json::binary_t& bytes = value.get_binary();
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

/// The metadata of a complete file, nothing for any other; `footer` receives its footer.
std::optional<json> metadata_of(Bytes file, Footer& footer) {
  if (file.size() < sizeof(Footer)) return std::nullopt;
  std::memcpy(&footer, file.data() + file.size() - sizeof(Footer), sizeof(Footer));
  const uint64_t before = file.size() - sizeof(Footer);
  if (std::memcmp(footer.magic, Footer().magic, sizeof(footer.magic)) != 0) return std::nullopt;
  if (footer.images > before || footer.metadata != before - footer.images) return std::nullopt;
  const Bytes metadata = file.subspan(footer.images, footer.metadata);
  if (checksum(metadata) != footer.metadata_sum) return std::nullopt;
  json parsed = json::from_cbor(metadata.begin(), metadata.end(), true, false);
  return parsed.is_discarded() ? std::nullopt : std::optional<json>(std::move(parsed));
}

/// The result of `take(images, metadata, owner)` for the cache file at `path`. Nothing if there is no such file, it was
/// made from other files, or it is damaged: incomplete, or `take` returns nothing or throws a json::exception. Damage
/// is reported to options.note.
template <class Take>
auto read_file(const fs::path& path, uint64_t fingerprint, const FolderOptions& options, const Take& take)
    -> decltype(take(Bytes(), json(), nullptr)) {
  std::error_code failure;
  if (!fs::exists(path, failure)) return std::nullopt;
  const auto file = std::make_shared<const MappedFile>(path);
  Footer footer;
  try {
    if (const std::optional<json> metadata = metadata_of(file->bytes(), footer)) {
      if (metadata->at("fingerprint") != fingerprint) return std::nullopt;
      const Bytes images = file->bytes().first(footer.images);
      if (piece_sums(images) == from_binary<uint64_t>(metadata->at("sums"))) {
        if (auto taken = take(images, *metadata, file)) return taken;
      }
    }
  } catch (const json::exception&) {  // noted below
  }
  options.note(fmt::format("the cache file {} is damaged and is written again", path.string()));
  return std::nullopt;
}

/// Completes `file`, in which `images` lie, with the metadata and the footer.
void finish_file(NewMappedFile& file, Bytes images, uint64_t fingerprint, json metadata) {
  metadata["fingerprint"] = fingerprint;
  metadata["sums"] = json::binary(to_binary(piece_sums(images)));
  std::vector<uint8_t> tail = json::to_cbor(metadata);
  Footer footer;
  footer.images = images.size();
  footer.metadata = tail.size();
  footer.metadata_sum = checksum(tail);
  const auto* const bytes = reinterpret_cast<const uint8_t*>(&footer);
  tail.insert(tail.end(), bytes, bytes + sizeof(footer));
  file.commit(images.size(), tail);
}

/// Nothing if the sizes do not fit. Throws json::exception for metadata of another form.
std::optional<DecodedSplit> decoded_of(Bytes images, const json& metadata, size_t files) {
  DecodedSplit decoded{.height = metadata.at("height"), .width = metadata.at("width"), .images = images};
  decoded.facts = from_binary<FileFacts>(metadata.at("facts"));
  for (const json& bad : metadata.at("bad")) decoded.bad.push_back({.file = bad.at(0), .reason = bad.at(1)});
  const bool lengths = decoded.facts.size() == files && decoded.bad.size() <= files &&
                       images.size() == (files - decoded.bad.size()) * size_t(decoded.height * decoded.width * 3);
  return lengths ? std::optional(decoded) : std::nullopt;
}

json metadata_of(const ImageSet& set) {
  return {{"name", set.name},          {"count", set.count},       {"height", set.height},
          {"width", set.width},        {"channels", set.channels}, {"labels", json::binary(to_binary(set.labels))},
          {"classes", set.class_names}};
}

/// Takes the images of a set from the front of `images`; nothing if there are too few.
std::optional<ImageSet> take_set(Bytes& images, const json& metadata) {
  ImageSet set{.name = metadata.at("name"),
               .count = metadata.at("count"),
               .height = metadata.at("height"),
               .width = metadata.at("width"),
               .channels = metadata.at("channels"),
               .labels = from_binary<int32_t>(metadata.at("labels")),
               .class_names = metadata.at("classes")};
  const auto bytes = size_t(set.count * set.image_bytes());
  if (bytes > images.size() || set.labels.size() != size_t(set.count)) return std::nullopt;
  set.images = images.first(bytes);
  images = images.subspan(bytes);
  return set;
}

}  // namespace

fs::path default_cache_folder() {
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return fs::path(cache) / "cucurbit";
  const char* const home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return fs::path(home) / ".cache" / "cucurbit";
  return {};
}

fs::path cache_path(const fs::path& root, const ListedSplit& split, const FolderOptions& options) {
  std::error_code ignored;
  const fs::path real = fs::weakly_canonical(root, ignored);
  uint64_t sum = add_to_sum(add_to_sum(0, real.string()), split.name);
  sum = add_to_sum(add_to_sum(sum, options.img_size), int(options.resize));
  const std::string name = real.filename().string() + (split.name.empty() ? "" : "-" + split.name);
  return options.cache_dir / fmt::format("{}-{:016x}.images", name, sum);
}

std::optional<DecodedSplit> read_cache(const fs::path& path, const ListedSplit& split, const FolderOptions& options) {
  return read_file(path, fingerprint(split), options, [&](Bytes images, const json& metadata, const auto& owner) {
    std::optional<DecodedSplit> decoded = decoded_of(images, metadata, split.files.size());
    if (decoded) decoded->owner = owner;
    return decoded;
  });
}

void commit_cache(NewMappedFile& file, const ListedSplit& split, const DecodedSplit& decoded) {
  json bad = json::array();
  for (const DecodedSplit::Bad& entry : decoded.bad) bad.push_back({entry.file, entry.reason});
  finish_file(file, decoded.images, fingerprint(split),
              {{"height", decoded.height},
               {"width", decoded.width},
               {"facts", json::binary(to_binary(decoded.facts))},
               {"bad", bad}});
}

ArchiveKey archive_key(const fs::path& archive, bool coarse_labels, const FolderOptions& options) {
  std::error_code ignored;
  const fs::path real = fs::weakly_canonical(archive, ignored);
  const uint64_t place = add_to_sum(add_to_sum(0, real.string()), int(coarse_labels));
  const uint64_t size = fs::file_size(real, ignored);
  const int64_t modified = fs::last_write_time(real, ignored).time_since_epoch().count();
  return {options.cache_dir / fmt::format("{}-{:016x}.images", real.filename().string(), place),
          add_to_sum(add_to_sum(add_to_sum(0, kVersion), size), modified)};
}

std::optional<ImageSplits> read_archive_cache(const ArchiveKey& key, const FolderOptions& options) {
  const auto take = [](Bytes images, const json& metadata, const auto& owner) -> std::optional<ImageSplits> {
    std::optional<ImageSet> sets[3];
    for (int i = 0; const char* name : {"train", "val", "test"}) {
      std::optional<ImageSet>& set = sets[i++];
      if (!metadata.contains(name)) continue;
      set = take_set(images, metadata.at(name));
      if (!set) return std::nullopt;
      set->owner = owner;
    }
    if (!sets[0] || !images.empty()) return std::nullopt;
    return ImageSplits{.train = std::move(*sets[0]), .validation = std::move(sets[1]), .test = std::move(sets[2])};
  };
  return read_file(key.cache, key.fingerprint, options, take);
}

void write_archive_cache(const ArchiveKey& key, const ImageSplits& splits, const FolderOptions& options) {
  size_t size = 0;
  for_each_split(splits, [&](const char*, const ImageSet& set) { size += set.images.size(); });
  try {
    std::error_code ignored;  // what prevents the folder prevents the file
    fs::create_directories(key.cache.parent_path(), ignored);
    NewMappedFile file(key.cache, size);
    auto end = file.bytes().begin();
    json metadata;
    for_each_split(splits, [&](const char* name, const ImageSet& set) {
      end = std::copy(set.images.begin(), set.images.end(), end);
      metadata[name] = metadata_of(set);
    });
    finish_file(file, file.bytes(), key.fingerprint, std::move(metadata));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io || options.cache_required) throw;
    options.note(fmt::format("the unpacked archive is not cached: {}", error.what()));
  }
}

}  // namespace cucurbit
