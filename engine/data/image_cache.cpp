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
using Bytes = std::span<const std::uint8_t>;

constexpr int kVersion = 1;  // to be raised when the same files would decode to other bytes
constexpr std::size_t kPiece = std::size_t{4} << 20;

/// The end of a cache file: images, then `metadata` bytes of CBOR, then this.
struct Footer {
  char magic[16] = {'c', 'u', 'c', 'u', 'r', 'b', 'i', 't', ' ', 'i', 'm', 'a', 'g', 'e', 's', '\n'};
  std::uint64_t images = 0, metadata = 0, metadata_sum = 0;
};

template <class T>
std::uint64_t add_to_sum(std::uint64_t sum, const T& value) {
  return checksum({reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)}, sum);
}

std::uint64_t add_to_sum(std::uint64_t sum, const std::string& text) {
  return checksum({reinterpret_cast<const std::uint8_t*>(text.data()), text.size() + 1}, sum);
}

/// Changes with every file that comes, goes, is renamed or written.
std::uint64_t fingerprint(const ListedSplit& split) {
  std::uint64_t sum = add_to_sum(0, kVersion);
  for (const ListedFile& file : split.files) {
    sum = add_to_sum(add_to_sum(add_to_sum(sum, file.path), file.size), file.modified);
    sum = add_to_sum(sum, file.problem);
  }
  return sum;
}

std::vector<std::uint64_t> piece_sums(Bytes images) {
  std::vector<std::uint64_t> sums((images.size() + kPiece - 1) / kPiece);
  parallel_for(std::int64_t(sums.size()), [&](std::int64_t i) {
    const std::size_t at = std::size_t(i) * kPiece;
    sums[std::size_t(i)] = checksum(images.subspan(at, std::min(kPiece, images.size() - at)));
  });
  return sums;
}

template <class T>
json::binary_t to_binary(const std::vector<T>& values) {
  const auto* const first = reinterpret_cast<const std::uint8_t*>(values.data());
  return json::binary_t(std::vector<std::uint8_t>(first, first + values.size() * sizeof(T)));
}

template <class T>
std::vector<T> from_binary(const json& value) {
  const json::binary_t& bytes = value.get_binary();
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

/// The metadata of a whole file.
std::optional<json> metadata_of(Bytes file, Footer& footer) {
  if (file.size() < sizeof(Footer)) return std::nullopt;
  std::memcpy(&footer, file.data() + file.size() - sizeof(Footer), sizeof(Footer));
  const std::uint64_t before = file.size() - sizeof(Footer);
  if (std::memcmp(footer.magic, Footer().magic, sizeof(footer.magic)) != 0) return std::nullopt;
  if (footer.images > before || footer.metadata != before - footer.images) return std::nullopt;
  const Bytes metadata = file.subspan(footer.images, footer.metadata);
  if (checksum(metadata) != footer.metadata_sum) return std::nullopt;
  json parsed = json::from_cbor(metadata.begin(), metadata.end(), true, false);
  return parsed.is_discarded() ? std::nullopt : std::optional<json>(std::move(parsed));
}

/// Nothing where the images do not have the sums that the metadata state. Throws json::exception for other metadata.
std::optional<DecodedSplit> decoded_of(Bytes images, const json& metadata, std::size_t files) {
  DecodedSplit decoded{.height = metadata.at("height"), .width = metadata.at("width"), .images = images};
  decoded.facts = from_binary<FileFacts>(metadata.at("facts"));
  for (const json& bad : metadata.at("bad")) decoded.bad.push_back({.file = bad.at(0), .reason = bad.at(1)});
  const bool lengths = decoded.facts.size() == files && decoded.bad.size() <= files &&
                       images.size() == (files - decoded.bad.size()) * std::size_t(decoded.height * decoded.width * 3);
  if (!lengths || piece_sums(images) != from_binary<std::uint64_t>(metadata.at("sums"))) return std::nullopt;
  return decoded;
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
  std::uint64_t sum = add_to_sum(add_to_sum(0, real.string()), split.name);
  sum = add_to_sum(add_to_sum(sum, options.img_size), int(options.resize));
  const std::string name = real.filename().string() + (split.name.empty() ? "" : "-" + split.name);
  return options.cache_dir / fmt::format("{}-{:016x}.images", name, sum);
}

std::optional<DecodedSplit> read_cache(const fs::path& path, const ListedSplit& split, const FolderOptions& options) {
  std::error_code failure;
  if (!fs::exists(path, failure)) return std::nullopt;
  const auto file = std::make_shared<const MappedFile>(path);
  Footer footer;
  std::optional<DecodedSplit> decoded;
  try {
    if (const std::optional<json> metadata = metadata_of(file->bytes(), footer)) {
      if (metadata->at("fingerprint") != fingerprint(split)) return std::nullopt;
      decoded = decoded_of(file->bytes().first(footer.images), *metadata, split.files.size());
    }
  } catch (const json::exception&) {
    decoded.reset();
  }
  if (decoded) {
    decoded->owner = file;
  } else {
    options.note(fmt::format("the cache {} is damaged: it is made anew", path.string()));
  }
  return decoded;
}

void commit_cache(NewMappedFile& file, const ListedSplit& split, const DecodedSplit& decoded) {
  json bad = json::array();
  for (const DecodedSplit::Bad& entry : decoded.bad) bad.push_back({entry.file, entry.reason});
  const json metadata{{"fingerprint", fingerprint(split)},
                      {"height", decoded.height},
                      {"width", decoded.width},
                      {"facts", json::binary(to_binary(decoded.facts))},
                      {"bad", bad},
                      {"sums", json::binary(to_binary(piece_sums(decoded.images)))}};
  std::vector<std::uint8_t> tail = json::to_cbor(metadata);
  Footer footer;
  footer.images = decoded.images.size();
  footer.metadata = tail.size();
  footer.metadata_sum = checksum(tail);
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&footer);
  tail.insert(tail.end(), bytes, bytes + sizeof(footer));
  file.commit(decoded.images.size(), tail);
}

}  // namespace cucurbit
