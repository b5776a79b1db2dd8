#pragma once

// Decoded images of an image folder, kept in a file that is memory-mapped when read.
//
// There is one file for each split, size and way of resizing, named after the folder. It holds for the list of files,
// their sizes and dates that it was made from. A file that is not whole, by its lengths and checksums, counts as
// absent.

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

}  // namespace cucurbit
