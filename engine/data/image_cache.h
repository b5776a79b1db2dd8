#pragma once

// The cache of decoded images: files that are memory-mapped when they are read.
//
// An image folder has one cache file for each split, size and way of resizing, named after the folder; a compressed
// archive has one. A cache file is valid as long as the names, sizes and dates of the files it was made from stay the
// same. A file whose lengths or checksums are wrong counts as absent.

#include <filesystem>
#include <optional>

#include "engine/data/decoded_split.h"

namespace cucurbit {

/// $XDG_CACHE_HOME/cucurbit, or $HOME/.cache/cucurbit; empty where neither variable is set.
std::filesystem::path default_cache_folder();

/// Where the decoded images of `split` lie in options.cache_dir.
std::filesystem::path cache_path(const std::filesystem::path& root, const ListedSplit& split,
                                 const FolderOptions& options);

/// What was decoded of `split` before; nothing if there is no such file, it was made from other files, or it is
/// damaged, which options.note is told.
std::optional<DecodedSplit> read_cache(const std::filesystem::path& path, const ListedSplit& split,
                                       const FolderOptions& options);

/// Completes the cache file in which `decoded` lies.
void commit_cache(NewMappedFile& file, const ListedSplit& split, const DecodedSplit& decoded);

/// Where the images of an archive lie in options.cache_dir, and the archive's present size and date as a hash.
struct ArchiveKey {
  std::filesystem::path cache;
  uint64_t fingerprint = 0;
};
ArchiveKey archive_key(const std::filesystem::path& archive, bool coarse_labels, const FolderOptions& options);

/// The sets that were read from the archive before; nothing as for read_cache.
std::optional<ImageSplits> read_archive_cache(const ArchiveKey& key, const FolderOptions& options);

/// Keeps the sets of an archive. If that fails options.note is told, or with options.cache_required Error io is thrown.
void write_archive_cache(const ArchiveKey& key, const ImageSplits& splits, const FolderOptions& options);

}  // namespace cucurbit
