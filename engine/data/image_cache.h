#pragma once

// Decoded images, kept in a file that is memory-mapped when read.
//
// Of an image folder there is one file for each split, size and way of resizing, named after the folder; of a packed
// archive, one. It holds for the files, their sizes and dates that it was made from. A file that is not whole, by its
// lengths and checksums, counts as absent.

#include <filesystem>
#include <optional>

#include "engine/data/decoded_split.h"

namespace cucurbit {

/// $XDG_CACHE_HOME/cucurbit, or ~/.cache/cucurbit; empty where neither variable is set.
std::filesystem::path default_cache_folder();

/// Where the decoded images of `split` lie in options.cache_dir.
std::filesystem::path cache_path(const std::filesystem::path& root, const ListedSplit& split,
                                 const FolderOptions& options);

/// What was decoded of `split` before; nothing where there is no such file, it is damaged (which options.note is told)
/// or made from other files.
std::optional<DecodedSplit> read_cache(const std::filesystem::path& path, const ListedSplit& split,
                                       const FolderOptions& options);

/// Completes the cache file in which `decoded` lies.
void commit_cache(NewMappedFile& file, const ListedSplit& split, const DecodedSplit& decoded);

/// Where the images of an archive lie in options.cache_dir, and what the archive was like when this was asked.
struct ArchiveKey {
  std::filesystem::path cache;
  std::uint64_t fingerprint = 0;
};
ArchiveKey archive_key(const std::filesystem::path& archive, bool coarse_labels, const FolderOptions& options);

/// The training and test set that were read from the archive before; nothing as for read_cache.
std::optional<ImageSplits> read_archive_cache(const ArchiveKey& key, const FolderOptions& options);

/// Keeps the training and test set of an archive. Where that fails options.note is told, unless options.cache_required:
/// then throws Error(io).
void write_archive_cache(const ArchiveKey& key, const ImageSplits& splits, const FolderOptions& options);

}  // namespace cucurbit
